"""The three arms of the toxic suite: one case, on a simulated network, on real sockets, and on the real Toxiproxy."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from harness.model.faults import Direction
from harness.proxy import ToxiproxyServer
from harness.rng import Streams
from harness.sim.loop import SimLoop
from harness.sim.network import Network
from harness.sim.patches import base_swaps, swapped
from harness.sim.session import tear_down
from harness.toxics.links import Impairment
from tests.conformance.toxics.bench import Bench
from tests.conformance.toxics.peers import Upstream

Case = Callable[[Bench], Awaitable[None]]
Run = Callable[[Case], None]

BINARY = "TOXIPROXY_SERVER"
SIM_SLACK, REAL_SLACK = 0.002, 10.0
"""Seconds. Simulated, nothing but a toxic takes time; on real sockets only a hang is too late."""


def simulated(case: Case, *, seed: int = 1, cut_off: str | None = None) -> None:
    """Client, proxy and upstream are three hosts of a simulated network, in virtual time.

    `cut_off` is the name of one more host, which nobody can reach.
    """
    loop = SimLoop(limit=86_400 * 10**9)
    network = Network(loop, Streams(1), delay=0, jitter=0)
    client, proxy, server = network.boot("client"), network.boot("proxy"), network.boot("server")

    if cut_off is not None:
        network.boot(cut_off)
        cut = Impairment(strike=lambda victim, what: None, cuts=True)
        network.links.impair("*", cut_off, Direction.BOTH, cut)

    async def main() -> None:
        upstream = Upstream()
        server.context().run(network.create_server, upstream.accept, "server", 80)
        toxiproxy = ToxiproxyServer(host="proxy", port=8474, seed=seed)
        await loop.create_task(toxiproxy.__aenter__(), context=proxy.context())
        await case(Bench(("proxy", 8474), "server:80", ("proxy", 5000), upstream, SIM_SLACK))
        await toxiproxy.__aexit__()

    try:
        with swapped(base_swaps(loop)):
            loop.run_until_complete(loop.create_task(main(), context=client.context()))
    finally:
        tear_down(loop)


def embedded(case: Case, *, seed: int = 1) -> None:
    """Our server on real sockets."""

    async def main() -> None:
        before = _descriptors()
        async with ToxiproxyServer(port=0, seed=seed) as server:
            await _on_sockets(case, (server.address.host, server.address.port))
        await _nothing_left(before)

    asyncio.run(main())


def real(case: Case) -> None:
    """The server that TOXIPROXY_SERVER names."""
    binary = os.environ.get(BINARY)
    if not binary or not Path(binary).is_file():
        pytest.skip(f"{BINARY} names no toxiproxy-server: set it to the path of one to run this arm")

    async def main() -> None:
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            binary,
            "-host",
            "127.0.0.1",
            "-port",
            str(port),
            "-proxy-metrics",
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await _answers(port)
            await _on_sockets(case, ("127.0.0.1", port))
        finally:
            process.terminate()
            await process.wait()

    asyncio.run(main())


async def _nothing_left(descriptors: int) -> None:
    """Neither a task nor a descriptor of the server outlasts it."""
    async with asyncio.timeout(20):
        while len(asyncio.all_tasks()) > 1 or _descriptors() > descriptors:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def _descriptors() -> int:
    listed = Path("/proc/self/fd")  # where there is none, there is nothing to count
    return sum(1 for _ in listed.iterdir()) if listed.is_dir() else 0


async def _on_sockets(case: Case, control: tuple[str, int]) -> None:
    upstream = Upstream()
    server = await asyncio.get_running_loop().create_server(upstream.accept, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    bench = Bench(control, address, ("127.0.0.1", 0), upstream, REAL_SLACK)
    try:
        await case(bench)
    finally:
        server.close()
        await bench.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def _answers(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


OURS = [
    pytest.param(simulated, id="simulated"),
    pytest.param(embedded, id="embedded", marks=pytest.mark.live),
]
"""The arms for what Toxiproxy does otherwise, or not at all."""
ALL = [*OURS, pytest.param(real, id="real", marks=pytest.mark.live)]
