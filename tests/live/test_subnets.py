"""Hosts in network namespaces: packets are really lost, cut and overtaken, and names really fail."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import struct
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from harness import (
    Direction,
    DnsFailure,
    Fleet,
    PacketLoss,
    Partition,
    Reordering,
    Scenario,
    Tasks,
    Workers,
    make_plan,
    ms,
    run_plan,
    seconds,
)
from harness.errors import BadParameter
from harness.live.namespaces import Namespace
from harness.live.subnets import Subnets, addresses
from harness.model.scenario import ALL_INVARIANTS
from harness.toxics.links import Impairment
from harness.units import nanoseconds

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/dev/net/tun").exists(),
        reason="network namespaces with TUN devices need root and /dev/net/tun",
    ),
]

PLAN = make_plan(Scenario(fleet=Fleet(count=2)), 1, name="subnets")
BYTES = bytes(range(256)) * 400  # some 70 packets
#: struct tcp_info of linux/tcp.h: u32 tcpi_total_retrans is at byte 100, u32 tcpi_rcv_ooopack at 224
TOTAL_RETRANS, RCV_OOOPACK = 100, 224


class Lab:
    """The networks of worker-1 and worker-2, and an echo server where the relays would listen."""

    def __init__(self, subnets: Subnets) -> None:
        self.subnets = subnets
        self.strikes: list[tuple[str, str]] = []
        self.servers: list[asyncio.Server] = []
        self.transports: list[asyncio.Transport] = []

    def strike(self, victim: str, what: str) -> None:
        self.strikes.append((victim, what))

    def impair(self, *, direction: Direction = Direction.BOTH, **fields: Any) -> Callable[[], None]:
        return self.subnets.impair("worker-1", "api", direction, Impairment(strike=self.strike, **fields))

    async def serve(self, name: str = "worker-1") -> Any:
        """The address at which that worker finds an echo server."""
        listener = self.subnets.bind(name, 0)
        loop = asyncio.get_running_loop()
        self.servers.append(await loop.create_server(lambda: Echo(self.transports), sock=listener))
        return listener.getsockname()

    async def connect(self, name: str = "worker-1", timeout: float = 5) -> socket.socket:
        """A connection from inside that worker's network."""
        address = await self.serve(name)
        client = self.subnets.run(name, socket.socket)
        client.setblocking(False)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_connect(client, address)
        except BaseException:
            client.close()
            raise
        return client

    async def echoed(self, client: socket.socket, data: bytes = BYTES, timeout: float = 20) -> bytes:
        """What comes back of the data, all of it."""
        loop, received = asyncio.get_running_loop(), bytearray()

        async def read() -> None:
            while len(received) < len(data):
                received.extend(await loop.sock_recv(client, 65_536))

        async with asyncio.timeout(timeout):
            await asyncio.gather(loop.sock_sendall(client, data), read())
        return bytes(received)


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    def __init__(self, transports: list[asyncio.Transport]) -> None:
        self._transports = transports

    def connection_made(self, transport: Any) -> None:
        self._transports.append(transport)

    def data_received(self, data: bytes) -> None:
        self._transports[-1].write(data)


def _info(client: socket.socket, at: int) -> int:
    number: int = struct.unpack_from("I", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), at)[0]
    return number


def _run(folder: Path, main: Callable[[Lab], Awaitable[None]]) -> None:
    async def go() -> None:
        subnets = Subnets(PLAN, folder=folder)
        lab = Lab(subnets)
        try:
            for worker in PLAN.workers:
                await subnets.join(worker.name)
            await main(lab)
        finally:
            for server in lab.servers:
                server.close()
            for transport in lab.transports:
                transport.close()
            await asyncio.sleep(0)
            subnets.close()

    asyncio.run(go())


def test_no_two_of_a_thousand_workers_share_an_address() -> None:
    all_of_them = [address for number in range(1, 1001) for address in addresses(number)]
    assert len(set(all_of_them)) == 2000


def test_without_faults_every_byte_passes_and_no_segment_is_sent_twice(tmp_path: Path) -> None:
    async def main(lab: Lab) -> None:
        sent_again = []
        # where the machine has others to serve, an answer may come too late for the kernel
        for _ in range(5):
            with await lab.connect() as client:
                assert await lab.echoed(client) == BYTES
                sent_again.append(_info(client, TOTAL_RETRANS))
        assert min(sent_again) == 0

    _run(tmp_path, main)


def test_lost_packets_are_sent_again_by_the_kernel_and_no_byte_is_lost(tmp_path: Path) -> None:
    async def main(lab: Lab) -> None:
        with await lab.connect() as client:
            lab.impair(loss=0.1)
            assert await lab.echoed(client) == BYTES
            assert _info(client, TOTAL_RETRANS) > 0
        assert set(lab.strikes) == {("worker-1", "a packet was lost")}

    _run(tmp_path, main)


def test_packets_overtake_those_that_are_held_back_and_every_byte_is_in_its_place(tmp_path: Path) -> None:
    async def main(lab: Lab) -> None:
        with await lab.connect() as client:
            lab.impair(held=0.2, delay=nanoseconds(ms(3)), direction=Direction.BACK)
            assert await lab.echoed(client) == BYTES
            assert _info(client, RCV_OOOPACK) > 0
        assert set(lab.strikes) == {("worker-1", "held back")}

    _run(tmp_path, main)


@pytest.mark.parametrize("direction", Direction)
def test_a_cut_of_either_way_leaves_a_handshake_unanswered_until_it_heals(
    tmp_path: Path, direction: Direction
) -> None:
    async def main(lab: Lab) -> None:
        heal = lab.impair(cuts=True, direction=direction)
        with pytest.raises(TimeoutError):
            await lab.connect(timeout=0.3)
        assert set(lab.strikes) == {("worker-1", "nothing passes")}
        with await lab.connect("worker-2") as other:
            assert await lab.echoed(other) == BYTES  # nobody else is touched
        heal()
        with await lab.connect() as client:
            assert await lab.echoed(client) == BYTES

    _run(tmp_path, main)


def test_in_its_network_a_host_reaches_the_api_and_nothing_else(tmp_path: Path) -> None:
    async def main(lab: Lab) -> None:
        client = lab.subnets.run("worker-1", socket.socket)
        with client, pytest.raises(OSError, match="Network is unreachable"):
            client.connect((addresses(2)[0], 80))

    _run(tmp_path, main)


@pytest.mark.parametrize(
    ("stale", "seen"),
    [(False, "Temporary failure in name resolution"), (True, "No route to host")],
)
def test_a_host_that_finds_no_names_cannot_connect_until_it_does(
    tmp_path: Path, stale: bool, seen: str
) -> None:
    async def main(lab: Lab) -> None:
        _, port = await lab.serve()
        ask = f"import socket; socket.create_connection(('api', {port}), 30)"

        async def connecting() -> str:
            line = [*lab.subnets.enter("worker-1"), "python3", "-c", ask]
            done = await asyncio.to_thread(subprocess.run, line, capture_output=True, text=True, check=False)
            return done.stderr.rpartition("] ")[2].strip()

        assert await connecting() == ""
        heal = lab.subnets.break_names("worker-*", stale, lab.strike)
        assert seen in await connecting()
        assert {victim for victim, _ in lab.strikes} == {"worker-1"}
        heal()
        assert await connecting() == ""

    _run(tmp_path, main)


def test_nothing_is_left_on_the_machine(tmp_path: Path) -> None:
    def networks() -> tuple[list[str], int]:
        return sorted(name for _, name in socket.if_nameindex()), len(list(Path("/proc/self/fd").iterdir()))

    async def main(lab: Lab) -> None:
        assert networks()[0] == names

    gc.collect()  # what other tests have left
    names, descriptors = networks()
    _run(tmp_path, main)
    after = networks()
    assert after[0] == names
    assert after[1] <= descriptors


@pytest.mark.slow
def test_the_released_edge_worker_outlives_lost_packets_one_way_cuts_and_lost_names() -> None:
    link: dict[str, Any] = {"a": "worker-*", "b": "api"}
    faults = (
        PacketLoss(**link, at=seconds(1), lasting=seconds(6), probability=0.2),
        Reordering(**link, at=seconds(7), lasting=seconds(2), probability=0.4),
        Partition(**link, at=seconds(9), lasting=seconds(3), direction=Direction.BACK),
        DnsFailure(target="worker-*", at=seconds(12), lasting=seconds(3)),
    )
    storm = Scenario(
        fleet=Fleet(count=2, slots=5),  # for all there is: after an outage it would exceed them
        # what a task could not tell in time is done again
        tasks=Tasks(count=5, lasting=(seconds(2), seconds(4)), over=seconds(8), retry_delay=seconds(1)),
        faults=faults,
        # a job that the scheduler hands out again pushes its log again: a known bug of the released worker
        invariants=tuple(name for name in ALL_INVARIANTS if name != "logs_are_kept"),
        # the reply to a fetch may be lost on the way, and then the scheduler has to take the job back
        options={
            "scheduler.task_queued_timeout": "25",
            "scheduler.task_queued_timeout_check_interval": "2",
            "edge.heartbeat_interval": "3",
            "edge.job_poll_interval": "1",
        },
        until=seconds(15),
        settle=seconds(12),
    )
    plan = make_plan(storm, 1, name="subnets", workers=Workers.EDGE)
    run = run_plan(plan, world="live", hosts="namespaces")
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert all(event.value["strikes"] for event in run.history.where(f="fault.end"))


def test_the_simulation_has_no_namespaces() -> None:
    with pytest.raises(BadParameter, match="take --world live"):
        run_plan(PLAN, hosts="namespaces")


def test_a_namespace_is_gone_when_nobody_holds_it() -> None:
    namespace = Namespace()
    assert Path(namespace.path).exists()
    namespace.close()
    assert not Path(namespace.path).exists()
