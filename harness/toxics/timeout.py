"""timeout: no byte passes, and in the end the connection is closed."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Mark, Toxic


@dataclass(frozen=True, kw_only=True)
class Timeout(Toxic):
    """Bytes are dropped; after `timeout` milliseconds the connection is closed, with 0 never.

    The stream has a gap, so removing the toxic closes the connection too.
    """

    timeout: int = 0

    def begin(self, on: Stage) -> None:
        if self.timeout:
            on.set_alarm(Mark.CLOSE, at=on.now + self.timeout / 1000)

    def data(self, chunk: Chunk, on: Stage) -> None:
        on.swallow()

    def removed(self, on: Stage) -> None:
        on.next(Mark.CLOSE)
