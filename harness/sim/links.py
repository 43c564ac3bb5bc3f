"""One direction between two hosts: its delay, and the faults that are on it at the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from harness.units import NANOSECONDS

if TYPE_CHECKING:
    from harness.sim.node import Node
    from harness.sim.streams import Pipe

Strike = Callable[[str, str], None]
"""Called with the victim's name and what happened to it, each time a fault strikes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Impairment:
    """A fault on a link: it cuts it, or delays each chunk (nanoseconds), or loses it with a probability."""

    strike: Strike
    cuts: bool = False
    delay: int = 0
    jitter: int = 0
    loss: float = 0.0


class Link:
    """The way from one host to another. `delay` and `jitter` are nanoseconds, one way."""

    def __init__(self, *, delay: int, jitter: int, stream: Random) -> None:
        self.delay, self.jitter, self._random = delay, jitter, stream.random
        self.impairments: list[Impairment] = []
        self.is_cut = False
        self.stalled: dict[Pipe, None] = {}

    def impair(self, impairment: Impairment) -> None:
        """Put a fault on the link."""
        self.impairments.append(impairment)
        self.is_cut = any(each.cuts for each in self.impairments)

    def repair(self, impairment: Impairment) -> None:
        """Take a fault off the link; what waited for that is sent again."""
        self.impairments.remove(impairment)
        self.is_cut = any(each.cuts for each in self.impairments)
        if not self.is_cut:
            for pipe in list(self.stalled):
                pipe.healed()

    def blocks(self, client: Node) -> bool:
        """Whether the link is cut now; if so, the faults that cut it have struck the client."""
        if self.is_cut:
            for impairment in self.impairments:
                if impairment.cuts:
                    impairment.strike(client.name, "nothing passes")
        return self.is_cut

    def draw_delay(self, client: Node) -> int:
        """How long the next chunk takes, in nanoseconds."""
        delay = self.delay + int(self.jitter * (2 * self._random() - 1))
        for impairment in self.impairments:
            delay += self._extra(impairment, client)
        return max(delay, 0)

    def _extra(self, impairment: Impairment, client: Node) -> int:
        if impairment.loss:
            return self._stall_of_losses(impairment, client)
        if impairment.delay or impairment.jitter:
            impairment.strike(client.name, "delayed")
        return impairment.delay + int(impairment.jitter * (2 * self._random() - 1))

    def _stall_of_losses(self, impairment: Impairment, client: Node) -> int:
        stall, timeout = 0, NANOSECONDS // 5
        while self._random() < impairment.loss and timeout < 120 * NANOSECONDS:
            impairment.strike(client.name, "a segment was lost and sent again")
            stall, timeout = stall + timeout, timeout * 2
        return stall
