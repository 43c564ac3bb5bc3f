"""latency: every byte comes late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.toxics.stage import Stage
from harness.toxics.toxic import Chunk, Toxic


@dataclass(frozen=True, kw_only=True)
class Latency(Toxic):
    """`latency` ± `jitter` milliseconds, drawn evenly for each chunk; the order stays. An end is not delayed itself.

    As a long line holds many bytes, far more may wait here than in other stages.
    """

    latency: int = 0
    jitter: int = 0
    window: ClassVar[int] = 32 * 1024 * 1024

    def data(self, chunk: Chunk, on: Stage) -> None:
        delay: float = self.latency
        if self.jitter:
            delay += self.jitter * (2 * on.random.random() - 1)
        on.hand_on(chunk, at=on.now + delay / 1000)
