"""packet_loss: what an application sees of lost packets. TCP sends them again: the stream stalls, no byte is lost."""

from __future__ import annotations

from dataclasses import dataclass

from harness.toxics.links import RETRANSMIT_FIRST, RETRANSMIT_MOST
from harness.toxics.stage import NEVER, Stage
from harness.toxics.toxic import Chunk, Toxic
from harness.units import NANOSECONDS


@dataclass(frozen=True, kw_only=True)
class PacketLoss(Toxic):
    """A chunk is lost with probability `loss_rate`, after a lost one with `loss_rate + correlation`.

    A lost chunk is sent again after 200 ms, 400 ms, … as Linux does, and may be lost again; what follows waits.
    """

    loss_rate: float = 0.0
    correlation: float = 0.0

    def data(self, chunk: Chunk, on: Stage) -> None:
        if self.loss_rate >= 1:
            on.hand_on(chunk, at=NEVER)
            return
        stall, timeout = 0, RETRANSMIT_FIRST
        while self._is_lost(on) and timeout < RETRANSMIT_MOST:
            stall, timeout = stall + timeout, timeout * 2
        on.hand_on(chunk, at=on.now + stall / NANOSECONDS)

    def _is_lost(self, on: Stage) -> bool:
        on.was_lost = on.random.random() < self.loss_rate + (self.correlation if on.was_lost else 0)
        return on.was_lost
