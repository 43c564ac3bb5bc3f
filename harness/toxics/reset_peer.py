"""reset_peer: both ends see "connection reset by peer"."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Mark, Toxic


@dataclass(frozen=True, kw_only=True)
class ResetPeer(Toxic):
    """With the first byte or end that comes, RST goes to both ends `timeout` milliseconds later. Bytes are dropped."""

    timeout: int = 0

    def begin(self, on: Stage) -> None:
        if on.lost:  # updated on the way: it counts anew
            self._strike(on)

    def data(self, chunk: Chunk, on: Stage) -> None:
        if not on.lost:
            self._strike(on)

    def mark(self, mark: Mark, on: Stage) -> None:
        self.data(b"", on)

    def _strike(self, on: Stage) -> None:
        on.swallow()
        on.set_alarm(Mark.RESET, at=on.now + self.timeout / 1000)

    def removed(self, on: Stage) -> None:
        if on.lost:  # bytes or an end are gone already: it cannot be mended
            on.next(Mark.RESET)
