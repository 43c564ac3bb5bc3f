"""Byte-stream faults of a live world done by a Toxiproxy: ours in this process, ours as one of its own, a released one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import (
    Direction,
    Fleet,
    Latency,
    LoseReplies,
    PacketLoss,
    Partition,
    Scenario,
    Tasks,
    Workers,
    make_plan,
    ms,
    run_plan,
    seconds,
)
from harness.errors import BadParameter, NotStarted, UsageError
from harness.live.detours import Detours
from harness.live.toxiproxies import SERVER_VARIABLE, chosen
from harness.proxy import Client
from harness.rng import Streams
from harness.toxics.links import Impairment, Links
from harness.units import nanoseconds

pytestmark = pytest.mark.live

PLAN = make_plan(
    Scenario(
        fleet=Fleet(count=2, slots=3),
        tasks=Tasks(count=6, lasting=(seconds(1), seconds(3)), over=seconds(5), retry_delay=seconds(1)),
        faults=(
            Latency(a="worker-*", b="api", at=seconds(1), lasting=seconds(6), delay=ms(60), jitter=ms(20)),
            PacketLoss(a="worker-2", b="api", at=seconds(1), lasting=seconds(6), probability=0.5),
            LoseReplies(a="worker-*", b="api", at=seconds(2), lasting=seconds(8), calls="ti.heartbeat", times=2),
            Partition(a="worker-1", b="api", at=seconds(3), lasting=seconds(3)),
        ),
        options={
            "edge.job_poll_interval": "1",
            "edge.heartbeat_interval": "2",
            "workers.min_heartbeat_interval": "1",
            # a fetch that waits for the heal may be given up by its worker, and the job goes to nobody
            "scheduler.task_queued_timeout": "15",
            "scheduler.task_queued_timeout_check_interval": "1",
        },
        until=seconds(10),
        settle=seconds(8),
    ),
    1,
    name="detour",
    workers=Workers.SCRIPTED,
)  # fmt: skip


@pytest.fixture(params=["embedded", "process", "released"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `--toxiproxy` is given."""
    if request.param == "embedded":
        return "embedded"
    if request.param == "process":
        monkeypatch.setenv(SERVER_VARIABLE, str(_ours(tmp_path)))
    elif not shutil.which(os.environ.get(SERVER_VARIABLE) or "toxiproxy-server"):
        pytest.skip(
            f"no toxiproxy-server on the PATH, and {SERVER_VARIABLE} names none: set it to run this arm"
        )
    return "server"


def _ours(folder: Path) -> Path:
    """A program that takes toxiproxy-server's options, and is our server in a process of its own."""
    program = folder / "toxiproxy-server"
    root = Path(__file__).parents[2]
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m harness proxy --host "$2" --port "$4"\n'
    )
    program.chmod(0o755)
    return program


@pytest.fixture
def client(where: str, tmp_path: Path) -> Iterator[Client]:
    with chosen(where, tmp_path) as client:
        assert client is not None
        yield client


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Lab:
    """Two workers' ways to a server that sends back what it gets."""

    def __init__(self, client: Client) -> None:
        self.client, self.strikes = client, list[tuple[str, str]]()
        self.links = Links(Streams(1), delay=0, jitter=0)
        self.detours = Detours(client, self.links)
        self.ways: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    def strike(self, victim: str, what: str) -> None:
        self.strikes.append((victim, what))

    async def applied(self, worker: str, toxics: int) -> None:
        """The Toxiproxy is called aside."""
        (name,) = (name for name in self.client.proxies() if name.endswith(worker))
        async with asyncio.timeout(60):
            while len(self.client.proxy(name).toxics()) != toxics:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)

    async def ask(self, worker: str) -> float:
        """Seconds until the answer."""
        reader, writer = self.ways[worker]
        begun = time.monotonic()
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        return time.monotonic() - begun


def _in_lab(client: Client, case: Callable[[Lab], Awaitable[None]]) -> None:
    async def main() -> None:
        lab = Lab(client)
        loop = asyncio.get_running_loop()
        async with await loop.create_server(Echo, "127.0.0.1", 0) as server, asyncio.timeout(120):
            for worker in ("worker-1", "worker-2"):
                address = lab.detours.join(worker, server.sockets[0].getsockname()[:2])
                lab.ways[worker] = await asyncio.open_connection(*address)
                await lab.ask(worker)
            try:
                await case(lab)
            finally:
                for _, writer in lab.ways.values():
                    writer.close()
                    await writer.wait_closed()
                lab.detours.close()
        assert client.proxies() == {}

    asyncio.run(main())


@pytest.mark.parametrize("direction", list(Direction))
def test_a_partition_keeps_the_bytes_until_it_heals_and_strikes_nobody_else(
    client: Client, direction
) -> None:
    async def case(lab: Lab) -> None:
        heal = lab.detours.impair("worker-1", "api", direction, Impairment(strike=lab.strike, cuts=True))
        await lab.applied("worker-1", 2 if direction is Direction.BOTH else 1)
        asked = asyncio.create_task(lab.ask("worker-1"))
        await lab.ask("worker-2")
        await asyncio.sleep(0.2)
        assert not asked.done()
        heal()
        assert await asked > 0.15
        await lab.ask("worker-1")

    _in_lab(client, case)


def test_latency_is_there_for_as_long_as_it_lasts(client: Client) -> None:
    async def case(lab: Lab) -> None:
        late = Impairment(strike=lab.strike, delay=nanoseconds(ms(150)))
        heal = lab.detours.impair("worker-*", "api", Direction.FORTH, late)
        await lab.applied("worker-2", 1)
        assert await lab.ask("worker-2") >= 0.145
        heal()
        await lab.applied("worker-2", 0)
        assert await lab.ask("worker-2") < 5

    _in_lab(client, case)


def test_the_relays_tell_of_what_is_done_elsewhere(client: Client) -> None:
    async def case(lab: Lab) -> None:
        late = Impairment(strike=lab.strike, delay=nanoseconds(ms(1)))
        heal = lab.detours.impair("worker-1", "api", Direction.FORTH, late)
        forth, back = lab.links.between("worker-1", "api"), lab.links.between("api", "worker-1")
        assert (forth.draw_delay("worker-1"), back.draw_delay("worker-1"), forth.is_cut) == (0, 0, False)
        heal()
        forth.draw_delay("worker-1")
        assert lab.strikes == [("worker-1", "delayed")]

    _in_lab(client, case)


KILLED = """
import signal
from harness.live.detours import Detours
from harness.proxy import Client
from harness.rng import Streams
from harness.toxics.links import Links

detours = Detours(Client({url!r}), Links(Streams(1), delay=0, jitter=0))
detours.join("worker-1", ("127.0.0.1", 1))
signal.raise_signal(signal.SIGKILL)
"""


def test_proxies_of_killed_runs_are_removed_by_the_next_and_no_others(client: Client, tmp_path: Path) -> None:
    client.create("mine", "127.0.0.1:1")
    client.create("harness-is-mine-too", "127.0.0.1:1")
    client.create("harness-00000000-00000000-from-elsewhere", "127.0.0.1:1")
    subprocess.run([sys.executable, "-c", KILLED.format(url=client.url)], check=False)
    lives = Detours(client, Links(Streams(1), delay=0, jitter=0))
    lives.join("worker-1", ("127.0.0.1", 1))
    assert len(client.proxies()) == 5
    with chosen(client.url, tmp_path):
        names = set(client.proxies())
    others = {"mine", "harness-is-mine-too", "harness-00000000-00000000-from-elsewhere"}
    assert names > others
    assert len(names) == 4
    lives.close()
    assert set(client.proxies()) == others


@pytest.mark.slow
@pytest.mark.parametrize("where", ["process", "released"], indirect=True)
def test_a_live_run_through_a_toxiproxy_keeps_every_promise(where: str) -> None:
    run = run_plan(PLAN, world="live", toxiproxy=where)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert len({event.value["fault"] for event in run.history.where(f="fault.strike")}) == len(PLAN.faults)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nonsense", "there is no Toxiproxy 'nonsense': choose one of embedded, server"),
        ("http://198.51.100.1:8474", "it has to be on this machine"),
        ("http://127.0.0.1:1", "no Toxiproxy answers at http://127.0.0.1:1"),
    ],
)
def test_a_toxiproxy_that_is_none_is_refused(tmp_path: Path, given: str, told: str) -> None:
    with pytest.raises(UsageError, match=told), chosen(given, tmp_path):
        pass


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (None, "there is no .*/none to start"),
        ("#!/bin/sh\necho no such option\nexit 2\n", "ended at once: with code 2"),
    ],
)
def test_a_server_that_cannot_be_started_is_told(
    tmp_path: Path, monkeypatch, program: str | None, told: str
) -> None:
    path = tmp_path / ("server" if program else "none")
    if program:
        path.write_text(program)
        path.chmod(0o755)
    monkeypatch.setenv(SERVER_VARIABLE, str(path))
    with pytest.raises(NotStarted, match=told), chosen("server", tmp_path):
        pass


@pytest.mark.parametrize(("world", "hosts"), [("sim", "processes"), ("live", "namespaces")])
def test_where_a_toxiproxy_would_do_nothing_it_is_refused(world: str, hosts: str) -> None:
    with pytest.raises(BadParameter, match="Toxiproxy"):
        run_plan(PLAN, world=world, hosts=hosts, toxiproxy="embedded")
