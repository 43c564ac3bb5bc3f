"""The network port of the simulated world: faults on links, and a tap on each connection to the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harness.model.faults import Direction
from harness.model.history import Event
from harness.model.tls_faults import CertificateFlaw
from harness.ports import Heal, Strike
from harness.sim.network import BadNames, Network
from harness.sim.node import Node
from harness.sim.streams import FIN, Connection, Unobserved
from harness.tls.terminator import Terminator
from harness.toxics.exchanges import HttpTap
from harness.toxics.links import Impairment
from harness.toxics.rules import Rule


class SimWires:
    """Implements `harness.ports.Network` on the simulated network `wires`."""

    def __init__(
        self,
        wires: Network,
        *,
        record: Callable[..., Event],
        new_call: Callable[[], int],
        terminator: Terminator | None = None,
    ) -> None:
        self.wires, self._record, self._new_call = wires, record, new_call
        self._terminator = terminator
        self.rules: list[Rule] = []
        wires.observe = self._tap
        wires.on_connect_failure = self._could_not_connect

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        return self.wires.links.impair(a, b, direction, impairment)

    def reset(self, a: str, b: str, strike: Strike) -> None:
        for connection in self.wires.connections_between(a, b):
            strike(connection.client.name, "connection reset")
            connection.near.reset()
            connection.far.reset()

    def rule(self, rule: Rule) -> Heal:
        self.rules.append(rule)
        return lambda: self.rules.remove(rule)

    def break_names(self, target: str, stale: bool, strike: Strike) -> Heal:
        broken = BadNames(target=target, stale=stale, strike=strike)
        self.wires.bad_names.append(broken)
        return lambda: self.wires.bad_names.remove(broken)

    # -- TLS -------------------------------------------------------------------------------------------

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
        self.terminator.rotate(ca=ca, live=len(self.wires.connections), strike=strike)

    # -- what the client sees, recorded at its socket ------------------------------------------------

    def _tap(self, connection: Connection) -> HttpTap:
        process = connection.client.name

        def record(type: str, f: str, value: dict[str, Any]) -> None:
            self._record(witness="client", process=process, type=type, f=f, value=value)

        return HttpTap(
            source=process,
            target=connection.server.name,
            rules=self.rules,
            record=record,
            new_call=self._new_call,
            wire=_SimWire(self.wires, connection),
        )

    def _could_not_connect(self, client: Node, reason: str) -> None:
        self._record(
            witness="client", process=client.name, type="fail", f="connect", value={"reason": reason}
        )


class _SimWire:
    """Implements `harness.toxics.exchanges.Wire` on one connection, as its client's kernel would."""

    def __init__(self, wires: Network, connection: Connection) -> None:
        self._wires, self._connection, self._near = wires, connection, connection.near
        self.reset = self._near.reset

    def later(self, delay: float, do: Callable[[], None]) -> None:
        self._wires.loop.call_later(delay, do, context=self._near.context)

    def receive(self, data: bytes) -> None:
        surface = self._connection.surface
        (surface.data_received if surface else self._near.received)(data)

    def hang_up(self) -> None:
        surface = self._connection.surface
        surface.hang_up() if surface else self._near.received(FIN)

    def send(self, data: bytes) -> None:
        surface = self._connection.surface
        (surface.send if surface else self._near.pipe.send)(data)

    def send_apart(self, data: bytes) -> None:
        client, (_, port) = self._connection.client, self._connection.addresses[1]
        server = self._wires.hosts[self._connection.server.name]
        if server.alive and port in server.ports:
            apart = self._wires.establish(client, server, port, behind_tls=True)
            apart.observer = Unobserved()
            apart.near.attach(_Unread())
            apart.near.write(data)


class _Unread(asyncio.Protocol):
    """Closes its connection when the reply comes."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.close()
