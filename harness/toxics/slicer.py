"""slicer: chunks arrive in small pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Toxic


@dataclass(frozen=True, kw_only=True)
class Slicer(Toxic):
    """Pieces of `average_size` ± `size_variation` bytes, `delay` microseconds between one and the next."""

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    def problem(self) -> str | None:
        if self.average_size == 0:
            return "average_size is 0: give 1 or more"
        if self.size_variation >= self.average_size:
            return f"size_variation is {self.size_variation}: give less than average_size"
        return None

    def data(self, chunk: Chunk, on: Stage) -> None:
        at = max(on.now, on.free_at)
        for start, end in self._cuts(0, len(chunk), on.random):
            on.hand_on(chunk[start:end], at=at)
            at += self.delay / 1_000_000
        on.free_at = at

    def _cuts(self, start: int, end: int, random: Random) -> Iterator[tuple[int, int]]:
        """Halve what is too long, give or take the variation, until nothing is: as upstream does."""
        if end - start <= self.average_size + self.size_variation:
            yield start, end
            return
        middle = start + (end - start) // 2
        if self.size_variation:
            middle += random.randrange(-self.size_variation, self.size_variation)
        yield from self._cuts(start, middle, random)
        yield from self._cuts(middle, end, random)
