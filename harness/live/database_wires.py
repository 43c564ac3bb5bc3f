"""The links between a server's processes and their database: a relay for each, so that a fault strikes one of them alone."""

from __future__ import annotations

from collections.abc import Callable

from harness.live.relay import Relay
from harness.model.faults import DATABASE, Direction
from harness.ports import Heal, Strike
from harness.toxics.links import Impairment, Links, on_link


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
        repair = self._links.impair(a, b, direction, impairment)
        self._heed_links()

        def heal() -> None:
            repair()
            self._heed_links()

        return heal

    def _heed_links(self) -> None:
        for relay in self._relays.values():
            relay.heed_links()

    def reset(self, a: str, b: str, strike: Strike) -> None:
        for relay in self._relays.values():
            if on_link(a, b, Direction.BOTH, relay.source, relay.target):
                for connection in list(relay.connections):
                    strike(relay.source, "connection reset")
                    connection.reset()

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
