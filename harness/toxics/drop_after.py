"""drop_after: all is well for so many bytes or so long, then the connection breaks."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Mark, Toxic


@dataclass(frozen=True, kw_only=True)
class DropAfter(Toxic):
    """RST goes to both ends after `bytes` bytes or `time` milliseconds, whichever is first; 0 is no limit.

    The time counts from when the connection has the toxic. What had waited when it breaks is lost.
    """

    bytes: int = 0
    time: int = 0

    def problem(self) -> str | None:
        return None if self.bytes or self.time else "bytes and time are 0: give one of them 1 or more"

    def begin(self, on: Stage) -> None:
        if self.time:
            on.set_alarm(Mark.RESET, at=on.now + self.time / 1000)

    def data(self, chunk: Chunk, on: Stage) -> None:
        if not self.bytes:
            on.hand_on(chunk)
            return
        if part := chunk[: max(0, self.bytes - on.passed)]:
            on.passed += len(part)
            on.hand_on(part)
        if on.passed >= self.bytes:
            on.hand_on(Mark.RESET)
