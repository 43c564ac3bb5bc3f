"""The network port of the live world: a relay for each worker, with the faults of its links and a tap on each call."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.control_plane import HOST
from harness.live import relays
from harness.live.binding import on_loopback
from harness.live.database_wires import DatabaseWires
from harness.live.receipts import Receipts
from harness.live.relay import Relay, Relayed
from harness.model.faults import DATABASE, Direction
from harness.model.tls_faults import CertificateFlaw
from harness.ports import Heal, Strike
from harness.tls.terminator import Terminator
from harness.toxics.exchanges import HttpTap
from harness.toxics.links import Impairment, Links
from harness.toxics.rules import Rule

if TYPE_CHECKING:
    from harness.live.detours import Detours
    from harness.live.subnets import Subnets

Record = Callable[..., Any]


class LiveWires:
    """Implements `harness.ports.Network`."""

    def __init__(
        self,
        links: Links,
        *,
        now: Callable[[], int],
        record: Record,
        new_call: Callable[[], int],
        subnets: Subnets | None = None,
        detours: Detours | None = None,
        terminator: Terminator | None = None,
        database: DatabaseWires | None = None,
    ) -> None:
        self._links, self._now, self._record, self._new_call = links, now, record, new_call
        self._subnets, self._detours, self._terminator = subnets, detours, terminator
        self._database, self._closed = database, False
        self.rules: list[Rule] = []
        self.relays: dict[str, Relay] = {}

    def open(self, source: str, upstream: tuple[str, int]) -> None:
        """Start the relay between a worker and the API."""
        if self._detours:
            upstream = self._detours.join(source, upstream)
        self.relays[source] = Relay(
            source=source,
            target=HOST,
            upstream=upstream,
            links=self._links,
            now=self._now,
            make_tap=self._tap,
            bind=partial(self._subnets.bind, source) if self._subnets else on_loopback,
            make_session=self._terminator.session if self._terminator else None,
            on_refusal=self._refused,
        )

    def url_of(self, source: str) -> str:
        """Where that worker finds the API."""
        host, port = self.relays[source].address
        if self._subnets:
            host = HOST  # it has names there
        return f"{'https' if self._terminator else 'http'}://{host}:{port}"

    def close(self) -> None:
        """Refuse connections and close those there are, for good."""
        self._closed = True
        for relay in self.relays.values():
            relay.down()

    def take_down(self) -> None:
        """The API's process has ended, and will be there again."""
        for relay in self.relays.values():
            relay.down(comes_back=True)

    def reopen(self) -> None:
        """The API is there again, at the addresses it had; nothing is done after `close`."""
        if self._closed:
            return
        for relay in self.relays.values():
            relay.up()
            relay.heed_links()

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        if DATABASE in (a, b):
            return self.database.impair(a, b, direction, impairment)
        if self._subnets:
            return self._subnets.impair(a, b, direction, impairment)
        if self._detours and self._detours.can(impairment):
            return self._detours.impair(a, b, direction, impairment)
        return relays.impair(self._links, self.relays, a, b, direction, impairment)

    @property
    def database(self) -> DatabaseWires:
        assert self._database is not None, "a plan with faults of the database has links to it"
        return self._database

    def reset(self, a: str, b: str, strike: Strike) -> None:
        if DATABASE in (a, b):
            self.database.reset(a, b, strike)
        relays.reset(self.relays, a, b, strike)

    def rule(self, rule: Rule) -> Heal:
        self.rules.append(rule)
        return lambda: self.rules.remove(rule)

    def break_names(self, target: str, stale: bool, strike: Strike) -> Heal:
        """In their subnets. Without those workers find the API by its address; the capabilities say so."""
        assert self._subnets is not None
        return self._subnets.break_names(target, stale, strike)

    # -- TLS, which ends at the relay ------------------------------------------------------------------

    @property
    def terminator(self) -> Terminator:
        assert self._terminator is not None, "a plan with faults of TLS has TLS"
        return self._terminator

    def show_certificate(self, a: str, b: str, flaw: CertificateFlaw, strike: Strike) -> Heal:
        return self.terminator.show(a, b, flaw, strike)

    def revoke(self, target: str, strike: Strike) -> Heal:
        return self.terminator.revoke(target, strike)

    def renew(self, target: str, strike: Strike, *, late: bool) -> Heal:
        return self.terminator.renew(target, strike, late=late)

    def rotate_certificate(self, ca: bool, strike: Strike) -> None:
        live = sum(len(relay.connections) for relay in self.relays.values())
        self.terminator.rotate(ca=ca, live=live, strike=strike)

    def _refused(self, source: str, error: ssl.SSLError | None) -> None:
        """A handshake failed: at the server's end, or because the connection ended, by a fault perhaps."""
        if error is not None:
            self.terminator.failed(source, error)
        reason = f"TLS: {_told(error)}" if error else "TLS: the connection ended before the handshake did"
        self._record(witness="client", process=source, type="fail", f="connect", value={"reason": reason})

    # -- what the client sees --------------------------------------------------------------------------

    def _tap(self, connection: Relayed) -> HttpTap:
        source, target = connection.relay.source, connection.relay.target

        def record(type: str, f: str, value: dict[str, Any], t: int | None = None) -> None:
            self._record(witness="client", process=source, type=type, f=f, value=value, t=t)

        return HttpTap(
            source=source,
            target=target,
            rules=self.rules,
            record=Receipts(record, left=connection.near.left, now=self._now) if self._subnets else record,
            new_call=self._new_call,
            wire=connection,
        )


def _told(error: ssl.SSLError) -> str:
    """What failed, in the words of OpenSSL."""
    return getattr(error, "verify_message", "") or (error.reason or str(error)).lower().replace("_", " ")
