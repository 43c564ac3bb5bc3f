"""bandwidth: a line that carries so much and no more."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.stage import NEVER, Stage
from harness.toxics.toxic import Chunk, Toxic

SLICE = 0.1
"""Seconds: a chunk that takes longer arrives in parts, one in each such time."""


@dataclass(frozen=True, kw_only=True)
class Bandwidth(Toxic):
    """`rate` kilobytes (1,000 bytes) a second; with 0 nothing passes."""

    rate: int = 0

    def data(self, chunk: Chunk, on: Stage) -> None:
        if self.rate == 0:
            on.hand_on(chunk, at=NEVER)
            return
        at = max(on.now, on.free_at)
        part = max(1, round(self.rate * 1000 * SLICE))
        for start in range(0, len(chunk), part):
            piece = chunk[start : start + part]
            at += len(piece) / (self.rate * 1000)
            on.hand_on(piece, at=at)
        on.free_at = at
