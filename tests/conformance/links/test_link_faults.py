"""Each fault on a link, in both worlds: whom it strikes sees it and in the end every byte; the other worker sees nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from harness.live.wires import LiveWires
from harness.model.faults import (
    Direction,
    Fault,
    Latency,
    OnLink,
    PacketLoss,
    Partition,
    Reordering,
    ResetPeer,
)
from harness.nemesis import ACTIONS
from harness.ports import Heal
from harness.rng import Streams
from harness.sim.wires import SimWires
from harness.toxics.links import Links
from harness.units import NANOSECONDS, seconds
from tests.simulation.http_table import REPLY, Server
from tests.simulation.lab import Lab

REQUEST = b"GET /execution/health HTTP/1.1\r\nhost: api\r\n\r\n"
BOTH = ("worker-1", "worker-2")
LATE = 2.0  # seconds: more than a busy machine takes for an exchange
LINK: dict[str, Any] = {"a": "worker-1", "b": "api", "at": seconds(0), "lasting": seconds(1)}


@dataclass
class Place:
    """One world: two workers, and an API that answers every request."""

    wires: Any
    connect: Callable[[str, Callable[[], asyncio.Protocol]], Awaitable[Any]]
    served: list[str]
    strikes: list[str] = field(default_factory=list)

    def begin(self, fault: Fault) -> Heal:
        """Apply the fault as the nemesis does."""
        begun = asyncio.get_running_loop().time()
        clock = SimpleNamespace(now=lambda: int((asyncio.get_running_loop().time() - begun) * NANOSECONDS))
        world: Any = SimpleNamespace(network=self.wires, clock=clock)
        return ACTIONS[type(fault)][1](fault, world, lambda victim, what: self.strikes.append(victim))

    async def open(self, name: str) -> Call:
        """A connection of that worker."""
        _, call = await self.connect(name, Call)
        assert isinstance(call, Call)
        return call


class Call(asyncio.Protocol):
    """Asks on its connection."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.got = b""
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.got += data
        if len(self.got) >= len(REPLY) and not self.done.done():
            self.done.set_result(self.got)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed"))

    async def ask(self) -> tuple[bytes, float]:
        """What comes back, and how many seconds that took."""
        loop = asyncio.get_running_loop()
        self.got, self.done, begun = b"", loop.create_future(), loop.time()
        self.transport.write(REQUEST)
        return await self.done, loop.time() - begun


def sim(main: Callable[[Place], Coroutine[Any, Any, None]]) -> Place:
    with Lab() as lab:
        wires = SimWires(lab.network, record=_no_event, new_call=iter(range(99)).__next__)
        hosts = {name: lab.network.boot(name) for name in ("api", *BOTH)}
        served: list[str] = []
        hosts["api"].context().run(lab.network.create_server, lambda: Server(served), "api", 80)

        async def connect(name: str, protocol: Callable[[], asyncio.Protocol]) -> Any:
            connecting = lab.loop.create_connection(protocol, "api", 80)
            return await lab.loop.create_task(connecting, context=hosts[name].context())

        place = Place(wires, connect, served)
        lab.run(main(place))
        return place


def live(main: Callable[[Place], Coroutine[Any, Any, None]]) -> Place:
    async def run() -> Place:
        loop = asyncio.get_running_loop()
        links, calls = Links(Streams(1), delay=0, jitter=0), iter(range(99))
        wires = LiveWires(links, now=time.monotonic_ns, record=_no_event, new_call=calls.__next__)
        served: list[str] = []
        server = await loop.create_server(lambda: Server(served), "127.0.0.1", 0)
        for name in BOTH:
            wires.open(name, server.sockets[0].getsockname())

        async def connect(name: str, protocol: Callable[[], asyncio.Protocol]) -> Any:
            return await loop.create_connection(protocol, *wires.relays[name].address)

        place = Place(wires, connect, served)
        try:
            await main(place)
        finally:
            wires.close()
            server.close()
            await asyncio.sleep(0.05)
        return place

    return asyncio.run(run())


def _no_event(**_: Any) -> Any:
    return None


WORLDS = pytest.mark.parametrize("world", [sim, pytest.param(live, marks=pytest.mark.live)])
CUTS = pytest.mark.parametrize(
    "fault",
    [
        Partition(**LINK),
        Partition(**LINK, direction=Direction.FORTH),
        Partition(**LINK, direction=Direction.BACK),
        PacketLoss(**LINK, probability=1.0),
    ],
    ids=["Partition", "Partition forth", "Partition back", "PacketLoss"],
)
DELAYS = pytest.mark.parametrize(
    "fault",
    [Latency(**LINK, delay=seconds(LATE)), Reordering(**LINK, probability=1.0, delay=seconds(LATE))],
    ids=["Latency", "Reordering"],
)


@WORLDS
@CUTS
def test_what_is_sent_into_it_comes_after_the_heal_and_the_other_worker_does_not_wait(
    fault: OnLink, world: Callable[..., Place]
) -> None:
    async def main(place: Place) -> None:
        ours, others = [await place.open(name) for name in BOTH]
        heal = place.begin(fault)
        waiting = asyncio.create_task(ours.ask())
        for _ in range(2):
            assert (await others.ask())[0] == REPLY
        await asyncio.sleep(fault.lasting.total_seconds())
        assert not waiting.done()
        heal()
        reply, took = await waiting
        assert reply == REPLY
        assert took < 60  # TCP sends again soon after the heal; it would give up after 15 minutes
        assert (await ours.ask())[0] == REPLY

    place = world(main)
    assert set(place.strikes) == {"worker-1"}
    assert len(place.served) == 4


@WORLDS
@DELAYS
def test_what_is_late_is_late_by_so_much_and_whole_and_the_other_worker_is_not(
    fault: Fault, world: Callable[..., Place]
) -> None:
    async def main(place: Place) -> None:
        ours, others = [await place.open(name) for name in BOTH]
        heal = place.begin(fault)
        waiting = asyncio.create_task(ours.ask())
        assert (await others.ask())[0] == REPLY
        assert not waiting.done()
        reply, took = await waiting
        assert (reply, took >= 2 * LATE) == (REPLY, True)  # there and back
        heal()
        again = [await ours.ask() for _ in range(3)]
        assert [reply for reply, _ in again] == [REPLY] * 3
        assert min(took for _, took in again) < 2 * LATE

    place = world(main)
    assert set(place.strikes) == {"worker-1"}
    assert len(place.served) == 5


@WORLDS
def test_a_reset_breaks_the_connections_there_are_of_one_worker_and_no_later_one(
    world: Callable[..., Place],
) -> None:
    async def main(place: Place) -> None:
        ours, others = [await place.open(name) for name in BOTH]
        await ours.ask()
        waiting = ours.done = asyncio.get_running_loop().create_future()
        place.begin(ResetPeer(a="worker-1", b="api", at=seconds(0)))
        with pytest.raises(ConnectionResetError):
            await waiting
        assert (await others.ask())[0] == REPLY
        again = await place.open("worker-1")
        assert (await again.ask())[0] == REPLY

    assert world(main).strikes == ["worker-1"]
