"""slow_close: the end of a stream comes late."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Mark, Toxic


@dataclass(frozen=True, kw_only=True)
class SlowClose(Toxic):
    """What ends the stream comes `delay` milliseconds late; bytes are not delayed."""

    delay: int = 0

    def mark(self, mark: Mark, on: Stage) -> None:
        on.hand_on(mark, at=on.now + self.delay / 1000)
