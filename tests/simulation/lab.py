"""A simulated network with nothing on it: for tests of the loop, the network and the streams themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from harness.model.faults import Direction
from harness.ports import Heal
from harness.rng import Streams
from harness.sim.loop import SimLoop
from harness.sim.network import Network
from harness.sim.node import Node
from harness.sim.patches import base_swaps, swapped
from harness.sim.session import tear_down
from harness.toxics.links import Impairment
from harness.units import ms, nanoseconds

T = TypeVar("T")
DELAY = nanoseconds(ms(1))


class Lab:
    """Hosts `client` and `server`, a millisecond apart; the clock may go on for a day, or until `loop.limit`."""

    def __init__(self) -> None:
        self.loop = SimLoop(limit=86_400 * 10**9)
        self.network = Network(self.loop, Streams(1), delay=DELAY, jitter=0)
        self.client, self.server = self.network.boot("client"), self.network.boot("server")
        self.strikes: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        tear_down(self.loop)

    def run(self, main: Coroutine[Any, Any, T], *, on: Node | None = None) -> T:
        """Run the coroutine on a host, by default on the client, to its end."""
        with swapped(base_swaps(self.loop)):
            task = self.loop.create_task(main, name="main", context=(on or self.client).context())
            return self.loop.run_until_complete(task)

    def listen(self, protocol_factory: Callable[[], Any], port: int = 80) -> None:
        """The server listens."""
        self.server.context().run(self.network.create_server, protocol_factory, "server", port)

    def cut(self, direction: Direction = Direction.BOTH) -> Heal:
        """Nothing passes between the two from now on, until the Heal."""
        impairment = Impairment(strike=lambda victim, what: self.strikes.append((victim, what)), cuts=True)
        return self.network.links.impair("client", "server", direction, impairment)

    def heal_after(self, seconds: float, heal: Heal) -> None:
        """Take the cut off again, so many seconds from now."""
        self.loop.call_later(seconds, heal)


class Recorder(asyncio.Protocol):
    """Notes what happens to a connection, and when."""

    def __init__(self, *, keep_open: bool = False) -> None:
        self.received = b""
        self.events: list[str] = []
        self.times: list[float] = []
        self.keep_open = keep_open
        self.transport: Any = None

    def _note(self, event: str) -> None:
        self.events.append(event)
        self.times.append(asyncio.get_running_loop().time())

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._note("made")

    def data_received(self, data: bytes) -> None:
        self.received += data
        self._note("data")

    def eof_received(self) -> bool:
        self._note("eof")
        return self.keep_open

    def connection_lost(self, exc: Exception | None) -> None:
        self._note(f"lost {type(exc).__name__}" if exc else "lost")


class Echo(Recorder):
    """Sends back what it gets."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.write(data)
