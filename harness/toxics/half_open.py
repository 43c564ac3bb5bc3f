"""half_open: the other end is gone, and nobody says so."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Mark, Toxic


@dataclass(frozen=True, kw_only=True)
class HalfOpen(Toxic):
    """Nothing passes, neither bytes nor an end: who writes is not refused, and who reads waits for ever.

    Where something was swallowed, removing the toxic resets the connection, as a host that has forgotten it does.
    """

    def data(self, chunk: Chunk, on: Stage) -> None:
        on.swallow()

    def mark(self, mark: Mark, on: Stage) -> None:
        on.swallow()

    def removed(self, on: Stage) -> None:
        if on.lost:
            on.next(Mark.RESET)
