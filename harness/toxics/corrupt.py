"""corrupt: bytes arrive changed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Toxic

GAP_MOST = 2.0**62
"""Bytes: with the smallest probabilities the next flaw would be infinitely far away."""


@dataclass(frozen=True, kw_only=True)
class Corrupt(Toxic):
    """Each byte is exchanged for another with that `probability`.

    Which ones depends on the stream of randomness and on the place in the stream, not on how it comes in chunks.
    """

    probability: float = 0.0

    def begin(self, on: Stage) -> None:
        on.next_flaw = -1  # to be drawn

    def data(self, chunk: Chunk, on: Stage) -> None:
        if self.probability == 0:
            on.hand_on(chunk)
            return
        if on.next_flaw < 0:
            on.next_flaw = self._gap(on)
        if on.next_flaw < len(chunk):
            chunk = self._flawed(chunk, on)
        on.next_flaw -= len(chunk)
        on.hand_on(chunk)

    def _flawed(self, chunk: Chunk, on: Stage) -> Chunk:
        changed = bytearray(chunk)
        while on.next_flaw < len(chunk):
            changed[on.next_flaw] ^= on.random.randrange(1, 256)
            on.next_flaw += 1 + self._gap(on)
        return bytes(changed)

    def _gap(self, on: Stage) -> int:
        """How many bytes stay whole before the next that does not: geometrically distributed."""
        if self.probability >= 1:
            return 0
        gap = math.log(1 - on.random.random()) / math.log1p(-self.probability)
        return int(min(gap, GAP_MOST))
