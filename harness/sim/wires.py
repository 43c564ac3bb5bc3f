"""The network port of the simulated world: faults on links, and a tap on each connection to the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from harness.model.faults import Direction
from harness.model.history import Event
from harness.ports import Heal, Strike
from harness.sim.network import Network
from harness.sim.node import Node
from harness.sim.streams import Connection
from harness.toxics.exchanges import HttpTap
from harness.toxics.links import Impairment
from harness.toxics.rules import Rule
from harness.units import nanoseconds

PROXY_DELAY = timedelta(milliseconds=2)
"""How long it takes until what stands in the server's place breaks a connection or answers."""


class SimWires:
    """Implements `harness.ports.Network` on the simulated network `wires`."""

    def __init__(self, wires: Network, *, record: Callable[..., Event], new_call: Callable[[], int]) -> None:
        self.wires, self._record, self._new_call = wires, record, new_call
        self.rules: list[Rule] = []
        wires.observe = self._tap
        wires.on_connect_failure = self._could_not_connect

    def _impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        return self.wires.links.impair(a, b, direction, impairment)

    def cut(self, a: str, b: str, direction: Direction, strike: Strike) -> Heal:
        return self._impair(a, b, direction, Impairment(strike=strike, cuts=True))

    def delay(
        self, a: str, b: str, direction: Direction, delay: timedelta, jitter: timedelta, strike: Strike
    ) -> Heal:
        impairment = Impairment(strike=strike, delay=nanoseconds(delay), jitter=nanoseconds(jitter))
        return self._impair(a, b, direction, impairment)

    def lose(self, a: str, b: str, direction: Direction, probability: float, strike: Strike) -> Heal:
        return self._impair(a, b, direction, Impairment(strike=strike, loss=probability))

    def reset(self, a: str, b: str, strike: Strike) -> None:
        for connection in self.wires.connections_between(a, b):
            strike(connection.client.name, "connection reset")
            connection.near.reset()
            connection.far.reset()

    def rule(self, rule: Rule) -> Heal:
        self.rules.append(rule)
        return lambda: self.rules.remove(rule)

    # -- what the client sees, recorded at its socket ------------------------------------------------

    def _tap(self, connection: Connection) -> HttpTap:
        loop, near = self.wires.loop, connection.near
        process, delay = connection.client.name, PROXY_DELAY.total_seconds()

        def record(type: str, f: str, value: dict[str, Any]) -> None:
            self._record(witness="client", process=process, type=type, f=f, value=value)

        def reset() -> None:
            loop.call_later(delay, near.reset, context=near.context)

        def answer(data: bytes) -> None:
            loop.call_later(delay, near.received, data, context=near.context)

        return HttpTap(
            source=process,
            target=connection.server.name,
            rules=self.rules,
            record=record,
            new_call=self._new_call,
            reset=reset,
            answer=answer,
        )

    def _could_not_connect(self, client: Node, reason: str) -> None:
        self._record(
            witness="client", process=client.name, type="fail", f="connect", value={"reason": reason}
        )
