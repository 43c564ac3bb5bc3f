"""Faults between a server's processes and their database: each process meets its own, and knows nothing of the relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from harness import (
    Fleet,
    Latency,
    Partition,
    ResetPeer,
    Scenario,
    Tasks,
    Workers,
    make_plan,
    run_plan,
    seconds,
)
from harness.errors import NotCapable, NotInstallable
from harness.live.database_wires import DatabaseWires
from harness.model.faults import Direction, Fault
from harness.rng import Streams
from harness.runner import Run
from harness.toxics.links import Impairment, Links
from harness.units import NANOSECONDS

pytestmark = pytest.mark.live

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Strikes = list[tuple[str, str]]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
    writer.close()


async def _asked(connection: Connection) -> float:
    """Seconds until the database has answered."""
    reader, writer = connection
    begun = time.monotonic()
    writer.write(b"SELECT 1")
    assert await reader.readexactly(8) == b"SELECT 1"
    return time.monotonic() - begun


async def _quickest(connection: Connection) -> float:
    """The seconds of the quickest of some answers: a busy machine is late now and then, a slow database each time."""
    return min([await _asked(connection) for _ in range(4)])


def _between(play: Callable[[DatabaseWires, Connection, Connection, Strikes], Awaitable[None]]) -> Strikes:
    """Play with a database that echoes, and a connection to it from api and from scheduler; what struck whom."""
    strikes: Strikes = []

    async def run() -> None:
        database = await asyncio.start_server(_echo, "127.0.0.1", 0)
        upstream = database.sockets[0].getsockname()
        wires = DatabaseWires(Links(Streams(1), delay=0, jitter=0), now=time.monotonic_ns)
        pair = [await asyncio.open_connection(*wires.open(name, upstream)) for name in ("api", "scheduler")]
        assert [await _quickest(each) < 0.3 for each in pair] == [True, True]
        async with asyncio.timeout(60):
            await play(wires, pair[0], pair[1], strikes)
        for _, writer in pair:
            writer.close()
        wires.close()
        database.close()

    asyncio.run(run())
    return strikes


def _impairment(strikes: Strikes, *, cuts: bool = False, delay: float = 0) -> Impairment:
    return Impairment(strike=lambda *told: strikes.append(told), cuts=cuts, delay=int(delay * NANOSECONDS))


def test_a_slow_database_is_slow_for_the_process_that_was_named() -> None:
    async def play(wires: DatabaseWires, api: Connection, scheduler: Connection, strikes: Strikes) -> None:
        heal = wires.impair("api", "database", Direction.BOTH, _impairment(strikes, delay=0.3))
        assert await _quickest(api) >= 0.6
        assert await _quickest(scheduler) < 0.3
        heal()
        assert await _quickest(api) < 0.3

    assert set(_between(play)) == {("api", "delayed")}


def test_a_database_that_is_gone_says_nothing_and_answers_when_it_is_back() -> None:
    async def play(wires: DatabaseWires, api: Connection, scheduler: Connection, strikes: Strikes) -> None:
        heal = wires.impair("*", "database", Direction.BOTH, _impairment(strikes, cuts=True))
        waiting = asyncio.create_task(_asked(api))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_asked(scheduler), 0.3)
        assert not waiting.done()
        heal()
        assert await waiting > 0.3

    assert set(_between(play)) == {("api", "nothing passes"), ("scheduler", "nothing passes")}


def test_a_database_that_resets_connections_takes_new_ones() -> None:
    async def play(wires: DatabaseWires, api: Connection, scheduler: Connection, strikes: Strikes) -> None:
        wires.reset("database", "api", lambda *told: strikes.append(told))
        with pytest.raises(ConnectionResetError):
            await api[0].readexactly(1)
        assert await _quickest(scheduler) < 0.3
        again = await asyncio.open_connection(*wires.open("api", ("127.0.0.1", 1)))  # where it was before
        assert await _quickest(again) < 0.3
        again[1].close()

    assert _between(play) == [("api", "connection reset")]


def _plan(*faults: Fault, kind: Workers = Workers.SCRIPTED) -> Scenario:
    return Scenario(
        fleet=Fleet(count=1, slots=4, kind=kind),
        tasks=Tasks(count=4, lasting=(seconds(10),) * 2, over=seconds(4), retries=2, retry_delay=seconds(2)),
        faults=faults,
        until=seconds(40),
        settle=seconds(55),
        options={
            "edge.job_poll_interval": "1",
            "edge.heartbeat_interval": "5",
            # a fetch that waits for the database is given up by its worker, and the job goes to nobody
            "scheduler.task_queued_timeout": "15",
            "scheduler.task_queued_timeout_check_interval": "2",
        },
    )


GONE = Partition(a="*", b="database", at=seconds(10), lasting=seconds(10))


@pytest.mark.parametrize(
    ("world", "server", "why"),
    [
        ("sim", "fake", "the fake keeps its state in memory: take DelayRequests for a slow database"),
        ("live", "fake", r"that of --server fake is on no network of ours: take --server airflow\+postgres"),
        ("live", "airflow", "that of --server airflow is on no network of ours"),
    ],
)
def test_a_server_without_a_database_on_a_network_refuses_the_plan(world: str, server: str, why: str) -> None:
    with pytest.raises(NotCapable, match=why):
        run_plan(make_plan(_plan(GONE), 1, name="database"), world=world, server=server)


def _run(*faults: Fault) -> Run:
    try:
        return run_plan(
            make_plan(_plan(*faults), 1, name="database"), world="live", server="airflow+postgres"
        )
    except NotInstallable as error:
        pytest.skip(str(error))


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_our_reference_worker_loses_no_work_while_the_database_of_a_released_server_is_slow_gone_and_reset() -> (
    None
):
    run = _run(
        Latency(a="*", b="database", at=seconds(2), lasting=seconds(6), delay=seconds(0.1)),
        GONE,
        ResetPeer(a="*", b="database", at=seconds(25)),
    )
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    struck = {event.value["victim"] for event in run.history.where(f="fault.strike")}
    assert struck == {"api", "scheduler"}
