"""The relay before the API shows its clients what a network would."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harness.live.sides import WAIT, WINDOW
from harness.live.wires import LiveWires
from harness.model.faults import Aftermath, Direction
from harness.rng import Streams
from harness.toxics.links import Impairment, Links
from harness.toxics.rules import Does, Rule
from harness.units import ms, nanoseconds

pytestmark = pytest.mark.live

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET /execution/health HTTP/1.1\r\nhost: api\r\n\r\n"
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Lab:
    """A server behind a relay for worker-1, and what was witnessed."""

    def __init__(self, wires: LiveWires, events: list[tuple[str, str, str]]) -> None:
        self.wires, self.events = wires, events
        self.strikes: list[tuple[str, str]] = []
        self.writers: list[asyncio.StreamWriter] = []

    def strike(self, victim: str, what: str) -> None:
        self.strikes.append((victim, what))

    async def connect(self) -> Stream:
        stream = await asyncio.open_connection(*self.wires.relays["worker-1"].address)
        self.writers.append(stream[1])
        return stream

    def cut(self, direction: Direction = Direction.BOTH) -> Callable[[], None]:
        return self.impair(cuts=True, direction=direction)

    def impair(
        self, a: str = "worker-1", *, direction: Direction = Direction.BOTH, **fields: Any
    ) -> Callable[[], None]:
        return self.wires.impair(a, "api", direction, Impairment(strike=self.strike, **fields))


class Echo(asyncio.Protocol):
    """Sends back what it gets, and says bye."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def eof_received(self) -> bool:
        self.transport.write(b"bye")
        self.transport.close()
        return True


class Http(Echo):
    """Answers each request."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(REPLY * data.count(b"\r\n\r\n"))


class Mute(Echo):
    """Hears everything and says nothing."""

    def data_received(self, data: bytes) -> None:
        """Say nothing."""


class Count(Mute):
    """Counts the bytes that it hears."""

    heard = 0

    def data_received(self, data: bytes) -> None:
        Count.heard += len(data)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def _lab(serve: type[Echo]) -> AsyncIterator[Lab]:
    calls = iter(range(1, 1000))
    events: list[tuple[str, str, str]] = []
    wires = LiveWires(
        Links(Streams(1), delay=0, jitter=0),
        now=time.monotonic_ns,
        record=lambda **event: events.append((event["type"], event["f"], event["value"].get("reason", ""))),
        new_call=lambda: next(calls),
    )
    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0)
    wires.open("worker-1", server.sockets[0].getsockname())
    lab = Lab(wires, events)
    try:
        yield lab
    finally:
        for writer in lab.writers:
            writer.close()
        await asyncio.sleep(0)
        wires.close()
        server.close()


def _run(main: Callable[[Lab], Awaitable[None]], serve: type[Echo] = Echo) -> None:
    async def run() -> None:
        async with _lab(serve) as lab, asyncio.timeout(60):
            await main(lab)

    asyncio.run(run())


def test_bytes_pass_unchanged_and_in_order() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        data = bytes(range(256)) * 20_000
        writer.write(data)
        assert await reader.readexactly(len(data)) == data

    _run(main)


def test_a_closed_half_leaves_the_other_open() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        writer.write(b"hello ")
        writer.write_eof()
        assert await reader.read() == b"hello bye"

    _run(main)


@pytest.mark.parametrize("direction", list(Direction))
def test_nothing_comes_back_during_a_cut_of_either_way(direction: Direction) -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        heal = lab.cut(direction)
        writer.write(b"patience")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(reader.readexactly(1)), 0.3)
        heal()
        assert lab.strikes[0] == ("worker-1", "nothing passes")

    _run(main)


def test_a_cut_that_heals_loses_no_byte() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        heal = lab.cut()
        writer.write(b"patience")
        await asyncio.sleep(0.1)
        heal()
        assert await reader.readexactly(8) == b"patience"

    _run(main)


def test_during_a_cut_a_sender_waits_once_a_window_is_on_its_way() -> None:
    """As with TCP: whoever uploads into a cut is not let go on for ever, and nothing of it is lost."""
    sent = bytes(32 << 20)

    async def main(lab: Lab) -> None:
        _, writer = await lab.connect()
        await until(lambda: lab.wires.relays["worker-1"].connections)
        (connection,) = lab.wires.relays["worker-1"].connections
        heal = lab.cut()
        writer.write(sent)
        await until(lambda: connection.forth.pending > WINDOW)
        most = connection.forth.pending
        await asyncio.sleep(5 * WAIT)
        assert connection.forth.pending == most < 2 * WINDOW
        heal()
        await until(lambda: Count.heard == len(sent))

    _run(main, Count)


def test_during_a_cut_no_handshake_is_answered_and_after_it_the_next_syn_gets_through() -> None:
    async def main(lab: Lab) -> None:
        heal = lab.cut()
        connecting = asyncio.create_task(lab.connect())
        done, _ = await asyncio.wait([connecting], timeout=0.5)
        assert not done
        heal()
        reader, writer = await connecting
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"

    _run(main)


def test_latency_delays_each_way() -> None:
    async def main(lab: Lab) -> None:
        lab.impair("worker-*", delay=nanoseconds(ms(80)))
        reader, writer = await lab.connect()
        begun = time.monotonic()
        writer.write(b"x")
        await reader.readexactly(1)
        assert time.monotonic() - begun >= 0.16
        assert lab.strikes[0] == ("worker-1", "delayed")

    _run(main)


def test_a_handshake_that_a_cut_leaves_unanswered_is_a_strike_of_the_cut() -> None:
    async def main(lab: Lab) -> None:
        lab.cut()
        assert lab.strikes == []
        connecting = asyncio.create_task(lab.connect())
        await until(lambda: lab.strikes)
        assert lab.strikes == [("worker-1", "nothing passes")]
        connecting.cancel()

    _run(main)


def test_a_reset_breaks_live_connections_only() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        writer.write(b"x")
        await reader.readexactly(1)
        lab.wires.reset("worker-1", "api", lab.strike)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        reader, writer = await lab.connect()
        writer.write(b"y")
        assert await reader.readexactly(1) == b"y"

    _run(main)


def test_a_server_that_goes_down_closes_its_connections_in_good_order_and_a_call_under_way_is_lost() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        writer.write(REQUEST)
        await until(lambda: lab.events)
        lab.wires.close()
        assert await reader.read() == b""
        assert lab.events == [("invoke", "health", ""), ("info", "health", "closed by peer")]

    _run(main, Mute)


def test_a_call_under_way_on_a_connection_that_is_reset_is_lost_for_that_reason() -> None:
    async def main(lab: Lab) -> None:
        _, writer = await lab.connect()
        writer.write(REQUEST)
        await until(lambda: lab.events)
        lab.wires.reset("worker-1", "api", lab.strike)
        assert lab.events == [("invoke", "health", ""), ("info", "health", "reset by peer")]

    _run(main, Mute)


def test_while_the_server_is_down_connections_are_refused_and_its_address_is_given_to_nobody() -> None:
    async def main(lab: Lab) -> None:
        relay = lab.wires.relays["worker-1"]
        address = relay.address
        lab.wires.take_down()
        with pytest.raises(ConnectionRefusedError):
            await lab.connect()
        with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
            other.bind(address)
        lab.wires.reopen()
        assert relay.address == address
        _, writer = await lab.connect()
        writer.close()

    _run(main)


@pytest.mark.parametrize(
    ("does", "more", "seen"),
    [
        (Does.ANSWER, {"status": 503}, b"HTTP/1.1 503"),
        (Does.LOSE_REPLY, {"then": Aftermath.RESET}, ConnectionResetError),
        (Does.LOSE_REQUEST, {"then": Aftermath.RESET}, ConnectionResetError),
        (Does.LOSE_REPLY, {"then": Aftermath.SILENCE}, TimeoutError),
    ],
)
def test_a_rule_strikes_the_call_and_the_next_one_passes(
    does: Does, more: dict[str, Any], seen: object
) -> None:
    async def main(lab: Lab) -> None:
        rule = Rule(a="worker-1", b="api", calls="health", does=does, times=1, strike=lab.strike, **more)
        lab.wires.rule(rule)
        reader, writer = await lab.connect()
        writer.write(REQUEST)
        if isinstance(seen, bytes):
            assert (await reader.readexactly(len(seen))) == seen
        else:
            with pytest.raises(seen):  # type: ignore[call-overload]
                await asyncio.wait_for(reader.readexactly(1), 0.3)
        assert rule.struck == 1
        reader, writer = await lab.connect()
        writer.write(REQUEST)
        assert await reader.readexactly(len(REPLY)) == REPLY

    _run(main, Http)


def test_a_worker_of_another_name_is_not_struck() -> None:
    async def main(lab: Lab) -> None:
        lab.impair("worker-2", cuts=True)
        reader, writer = await lab.connect()
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        assert lab.strikes == []

    _run(main)


def test_lost_segments_stall_and_no_byte_is_lost() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        lab.impair(loss=0.3, direction=Direction.FORTH)
        for _ in range(20):
            writer.write(b"x" * 10)
            await asyncio.sleep(0.005)
        assert await reader.readexactly(200) == b"x" * 200
        assert ("worker-1", "a segment was lost and sent again") in lab.strikes

    _run(main)


def test_what_is_held_back_holds_up_what_comes_after_it() -> None:
    async def main(lab: Lab) -> None:
        reader, writer = await lab.connect()
        lab.impair(held=0.5, delay=nanoseconds(ms(30)), direction=Direction.FORTH)
        for number in range(20):
            writer.write(bytes([number]))
            await asyncio.sleep(0.005)
        assert await reader.readexactly(20) == bytes(range(20))
        assert set(lab.strikes) == {("worker-1", "held back")}
        assert 0 < len(lab.strikes) < 20

    _run(main)
