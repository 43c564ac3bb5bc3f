"""What faults on links do to relays, whichever they are: `relays` has them by their source."""

from __future__ import annotations

from collections.abc import Mapping

from harness.live.relay import Relay
from harness.model.faults import Direction
from harness.ports import Heal, Strike
from harness.toxics.links import Impairment, Links, on_link

Relays = Mapping[str, Relay]


def impair(
    links: Links, relays: Relays, a: str, b: str, direction: Direction, impairment: Impairment
) -> Heal:
    """Put it on the links between the two; the Heal takes it off. Handshakes of the relays go as their data does."""
    repair = links.impair(a, b, direction, impairment)
    _heed_links(relays)

    def heal() -> None:
        repair()
        _heed_links(relays)

    return heal


def _heed_links(relays: Relays) -> None:
    for relay in relays.values():
        relay.heed_links()


def reset(relays: Relays, a: str, b: str, strike: Strike) -> None:
    """Break every live connection between the two with RST."""
    for relay in relays.values():
        if on_link(a, b, Direction.BOTH, relay.source, relay.target):
            for connection in list(relay.connections):
                strike(relay.source, "connection reset")
                connection.reset()
