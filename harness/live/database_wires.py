"""The links between a server's processes and their database: a relay for each, so that a fault strikes one of them alone."""

from __future__ import annotations

from collections.abc import Callable

from harness.live import relays
from harness.live.relay import Relay
from harness.model.faults import DATABASE, Direction
from harness.ports import Heal, Strike
from harness.toxics.links import Impairment, Links


class DatabaseWires:
    """Relays that know nothing of what passes. `now` reads the machine's monotonic clock, in nanoseconds."""

    def __init__(self, links: Links, *, now: Callable[[], int]) -> None:
        self._links, self._now = links, now
        self._relays: dict[str, Relay] = {}

    def open(self, source: str, upstream: tuple[str, int]) -> tuple[str, int]:
        """Where that process of the server finds the database that is at `upstream`; the same whenever it asks."""
        if source not in self._relays:
            self._relays[source] = Relay(
                source=source,
                target=DATABASE,
                upstream=upstream,
                links=self._links,
                now=self._now,
                make_tap=lambda _: Untapped(),
            )
        return self._relays[source].address

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        return relays.impair(self._links, self._relays, a, b, direction, impairment)

    def reset(self, a: str, b: str, strike: Strike) -> None:
        relays.reset(self._relays, a, b, strike)

    def close(self) -> None:
        """Nothing passes any more."""
        for relay in self._relays.values():
            relay.down()


class Untapped:
    """Implements `harness.live.relay.Tap`: every byte passes, and nobody is told."""

    def departure(self, data: bytes) -> bytes:
        return data

    def arrival(self, data: bytes) -> bytes:
        return data

    def lets_eof_through(self) -> bool:
        return True

    def lost(self, reason: str) -> None:
        """Nobody is told."""
