"""The links between hosts, and the faults that are on them: the same for the simulated network and the relay.

Times are nanoseconds of the world's clock. Nothing here reads a clock or moves a byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from harness.model.faults import Direction
from harness.units import NANOSECONDS

if TYPE_CHECKING:
    from random import Random

    from harness.rng import Streams

RETRANSMIT_FIRST, RETRANSMIT_MOST = NANOSECONDS // 5, 120 * NANOSECONDS
"""Linux: the retransmission timeout starts near 200 ms, doubles, and stops growing at 120 s."""

RETRANSMIT_GIVE_UP = 924 * NANOSECONDS + 600_000_000
"""Linux: tcp_retries2 = 15 gives up on unacknowledged data after 924.6 s."""

Strike = Callable[[str, str], None]
"""Called with the victim's name and what happened to it, each time a fault strikes."""


def retransmitted_at(sent: int, healed: int) -> int:
    """When TCP sends again, at `healed` or after, what it first sent at `sent` (nanoseconds)."""
    at, timeout = sent, RETRANSMIT_FIRST
    while at < healed:
        at += timeout
        timeout = min(timeout * 2, RETRANSMIT_MOST)
    return at


class Stalled(Protocol):
    """One direction of a connection that waits for its link to be whole again."""

    def healed(self) -> None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Impairment:
    """A fault on a link: it cuts it, or delays each chunk (nanoseconds), or loses it with a probability.

    With `held`, a probability, `delay` is for those chunks only that are held back. With `told`, something else on the way
    does it, and here each chunk is but told of in these words.
    """

    strike: Strike
    left: Callable[[], int] = lambda: RETRANSMIT_GIVE_UP  # nanoseconds until it heals
    cuts: bool = False
    delay: int = 0
    jitter: int = 0
    loss: float = 0.0
    held: float = 0.0
    told: str = ""


class Link:
    """The way from one host to another. `delay` and `jitter` are nanoseconds, one way."""

    def __init__(self, *, delay: int, jitter: int, stream: Random) -> None:
        self.delay, self.jitter, self._random = delay, jitter, stream.random
        self.impairments: list[Impairment] = []
        self.is_cut = False
        self.stalled: dict[Stalled, None] = {}

    def impair(self, impairment: Impairment) -> None:
        """Put a fault on the link."""
        self.impairments.append(impairment)
        self.is_cut = any(each.cuts for each in self.impairments)

    def repair(self, impairment: Impairment) -> None:
        """Take a fault off the link; what waited for that is sent again."""
        self.impairments.remove(impairment)
        self.is_cut = any(each.cuts for each in self.impairments)
        if not self.is_cut:
            for waiting in list(self.stalled):
                waiting.healed()

    def blocks(self, victim: str) -> bool:
        """Whether the link is cut now; if so, the faults that cut it have struck the victim."""
        if self.is_cut:
            for impairment in self.impairments:
                if impairment.cuts:
                    impairment.strike(victim, "nothing passes")
        return self.is_cut

    def draw_delay(self, victim: str) -> int:
        """How long the next chunk takes, in nanoseconds. One that is lost takes until TCP has sent it again."""
        delay = self.delay + int(self.jitter * (2 * self._random() - 1))
        for impairment in self.impairments:
            delay += (
                self._stall_of_losses(impairment, victim)
                if impairment.loss
                else self._extra(impairment, victim)
            )
        return max(delay, 0)

    def draw_packet_delay(self, victim: str) -> int | None:
        """How long the next packet takes, in nanoseconds; None where it is lost, and TCP is left to notice."""
        if self.blocks(victim):
            return None
        delay = self.delay + int(self.jitter * (2 * self._random() - 1))
        for impairment in self.impairments:
            if self._random() < impairment.loss:
                impairment.strike(victim, "a packet was lost")
                return None
            delay += self._extra(impairment, victim)
        return max(delay, 0)

    def _extra(self, impairment: Impairment, victim: str) -> int:
        if impairment.told:
            impairment.strike(victim, impairment.told)
            return 0
        if impairment.held:
            return self._held_back(impairment, victim)
        if impairment.delay or impairment.jitter:
            impairment.strike(victim, "delayed")
        return impairment.delay + int(impairment.jitter * (2 * self._random() - 1))

    def _held_back(self, impairment: Impairment, victim: str) -> int:
        if self._random() >= impairment.held:
            return 0
        impairment.strike(victim, "held back")
        return impairment.delay

    def _stall_of_losses(self, impairment: Impairment, victim: str) -> int:
        stall, timeout, left = 0, RETRANSMIT_FIRST, min(impairment.left(), RETRANSMIT_GIVE_UP)
        while stall < left and self._random() < impairment.loss:  # sent again after the heal it gets through
            impairment.strike(victim, "a segment was lost and sent again")
            stall, timeout = stall + timeout, min(timeout * 2, RETRANSMIT_MOST)
        return stall


class Links:
    """All links of a world by the names of their hosts, made when they are first asked for.

    `delay` and `jitter` of a link without faults: nanoseconds, one way.
    """

    def __init__(self, streams: Streams, *, delay: int, jitter: int) -> None:
        self._streams, self._delay, self._jitter = streams, delay, jitter
        self._links: dict[tuple[str, str], Link] = {}
        self._impairments: list[tuple[str, str, Direction, Impairment]] = []

    def between(self, source: str, target: str) -> Link:
        """The link from one host to another, with the faults that are on it now."""
        if (source, target) not in self._links:
            stream = self._streams.named(f"link/{source}→{target}")
            link = Link(delay=self._delay, jitter=self._jitter, stream=stream)
            self._links[source, target] = link
            for a, b, direction, impairment in self._impairments:
                if on_link(a, b, direction, source, target):
                    link.impair(impairment)
        return self._links[source, target]

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Callable[[], None]:
        """Put a fault on each link between hosts that fit the patterns, those to come included.

        Returns what takes it off again.
        """
        entry = (a, b, direction, impairment)
        self._impairments.append(entry)
        for link in self._fitting(a, b, direction):
            link.impair(impairment)

        def repair() -> None:
            self._impairments.remove(entry)
            for link in self._fitting(a, b, direction):
                link.repair(impairment)

        return repair

    def _fitting(self, a: str, b: str, direction: Direction) -> Iterator[Link]:
        for (source, target), link in list(self._links.items()):
            if on_link(a, b, direction, source, target):
                yield link


def on_link(a: str, b: str, direction: Direction, source: str, target: str) -> bool:
    """Whether a fault between `a` and `b`, which may be patterns, is on the way from source to target."""
    forth = fnmatchcase(source, a) and fnmatchcase(target, b)
    back = fnmatchcase(source, b) and fnmatchcase(target, a)
    return (forth and direction is not Direction.BACK) or (back and direction is not Direction.FORTH)
