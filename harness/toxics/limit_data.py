"""limit_data: so many bytes, then the connection is closed."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Mark, Toxic


@dataclass(frozen=True, kw_only=True)
class LimitData(Toxic):
    """The first `bytes` bytes of a connection pass, then it is closed. The count goes on over updates."""

    bytes: int = 0

    def data(self, chunk: Chunk, on: Stage) -> None:
        if part := chunk[: max(0, self.bytes - on.passed)]:
            on.passed += len(part)
            on.hand_on(part)
        if on.passed >= self.bytes:
            on.hand_on(Mark.CLOSE)
