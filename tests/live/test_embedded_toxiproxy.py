"""The embedded server under its worst clients: it always answers, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import re
import resource
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.errors import BadParameter, NotStarted, UsageError
from harness.proxy import Client, Refused, ToxiproxyServer, running, toxiproxy
from tests.conformance.toxics.bench import Bench
from tests.conformance.toxics.peers import Upstream

pytestmark = pytest.mark.live


@asynccontextmanager
async def _bench() -> AsyncIterator[tuple[Bench, ToxiproxyServer]]:
    upstream = Upstream()
    listener = await asyncio.get_running_loop().create_server(upstream.accept, "127.0.0.1", 0)
    address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with ToxiproxyServer(port=0) as server:
        control = server.address.host, server.address.port
        bench = Bench(control, address, ("127.0.0.1", 0), upstream, 10.0)
        try:
            yield bench, server
        finally:
            listener.close()
            await bench.close()


def _descriptors() -> int:
    listed = Path("/proc/self/fd")  # where there is none, there is nothing to count
    return sum(1 for _ in listed.iterdir()) if listed.is_dir() else 0


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Descriptors and threads are counted before and after each test. What others have left may go meanwhile."""
    gc.collect()
    descriptors, threads = _descriptors(), set(threading.enumerate())
    yield
    assert _descriptors() <= descriptors
    assert set(threading.enumerate()) <= threads


TOXICS = (
    {"type": "latency", "attributes": {"latency": 50_000}},
    {"type": "timeout", "attributes": {"timeout": 0}},
    {"type": "reset_peer", "attributes": {"timeout": 50_000}},
    {"type": "bandwidth", "attributes": {"rate": 0}},
    {"type": "slow_close", "attributes": {"delay": 50_000}},
    {"type": "limit_data", "attributes": {"bytes": 2}},
    {"type": "slicer", "attributes": {"average_size": 1, "delay": 50_000}},
    {"type": "packet_loss", "attributes": {"loss_rate": 1}},
    {"type": "half_open"},
    {"type": "drop_after", "attributes": {"time": 50_000}},
)


@pytest.mark.parametrize("how", ["reset", "disable", "delete", "leave"])
@pytest.mark.parametrize("toxic", TOXICS, ids=lambda toxic: toxic["type"])
def test_no_connection_task_or_descriptor_outlasts_a_toxic(toxic, how):
    async def main() -> None:
        async with _bench() as (bench, server):
            await bench.make_proxy()
            assert (await bench.api("POST", "/proxies/web/toxics", toxic)).status == 200
            clients = [await bench.connect() for _ in range(5)]
            for client in clients:
                client.send(b"ping")
            await bench.upstream.peer(5)
            await asyncio.sleep(0.05)
            if how == "reset":
                assert (await bench.api("POST", "/reset")).status == 204
                for peer in (*clients, *bench.upstream.peers):
                    peer.transport.abort()
            elif how == "disable":
                assert (await bench.api("PATCH", "/proxies/web", {"enabled": False})).status == 200
            elif how == "delete":
                assert (await bench.api("DELETE", "/proxies/web")).status == 204
            proxies = list(server.proxies.by_name.values())
            if how != "leave":
                async with asyncio.timeout(20):
                    while any(proxy.connections for proxy in proxies):  # noqa: ASYNC110 — nobody tells
                        await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_closing_connection_whose_client_takes_nothing_goes_with_its_proxy():
    async def main() -> None:
        async with _bench() as (bench, server):
            await bench.make_proxy()
            await bench.add("limit_data", bytes=60_000_000)
            client = await bench.connect()
            client.transport.pause_reading()
            (await bench.upstream.peer()).send(bytes(70_000_000))
            proxy = server.proxies.get("web")
            await asyncio.sleep(0.3)
            assert len(proxy.connections) == 1
            await bench.add("timeout", timeout=1)  # closes it, with megabytes still to be taken
            await asyncio.sleep(0.1)
            assert len(proxy.connections) == 1
            assert (await bench.api("DELETE", "/proxies/web")).status == 204
            async with asyncio.timeout(20):
                while proxy.connections:  # noqa: ASYNC110 — nobody tells
                    await asyncio.sleep(0.01)

    asyncio.run(main())


def test_clients_that_send_half_a_request_hold_up_nobody():
    async def main() -> None:
        async with _bench() as (bench, _):
            halves = (b"", b"POST /prox", b"POST /proxies HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            open_ones = [await asyncio.open_connection(*bench.control) for _ in range(100)]
            for number, (_, writer) in enumerate(open_ones):
                writer.write(halves[number % 3])
            assert (await bench.api("GET", "/version")).status == 200
            for _, writer in open_ones:
                writer.close()
                await writer.wait_closed()

    asyncio.run(main())


def test_a_client_that_takes_no_answer_holds_up_nobody():
    async def main() -> None:
        async with _bench() as (bench, _):
            many = [{"name": f"p{n}", "upstream": "a:1", "enabled": False} for n in range(2000)]
            assert (await bench.api("POST", "/populate", many)).status == 201
            _, greedy = await asyncio.open_connection(*bench.control, limit=1)
            greedy.write(b"GET /proxies HTTP/1.1\r\n\r\n" * 500)
            for _ in range(5):
                assert (await bench.api("GET", "/version")).status == 200
            greedy.transport.abort()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="not HTTP"),
        pytest.param(b"GET /" + b"x" * 100_000, 431, id="a path without end"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000, 431, id="headers without end"),
        pytest.param(
            b"POST /proxies HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n" + b" " * 20_000_000, 413, id="huge"
        ),
    ],
)
def test_what_is_no_request_of_the_api_is_refused_and_cut_off(sent, status):
    async def main() -> None:
        async with _bench() as (bench, _):
            reader, writer = await asyncio.open_connection(*bench.control)
            writer.write(sent)
            assert (await reader.readline()).split()[1] == str(status).encode()
            writer.transport.abort()
            assert (await bench.api("GET", "/version")).status == 200

    asyncio.run(main())


def test_requests_on_one_connection_are_answered_in_order():
    async def main() -> None:
        async with _bench() as (bench, _):
            reader, writer = await asyncio.open_connection(*bench.control)
            writer.write(b"GET /proxies HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404"]
            writer.close()
            await writer.wait_closed()

    asyncio.run(main())


def test_a_port_in_use_is_told_and_leaves_no_proxy():
    with running() as server, Client(server.url) as client:
        taken = client.create("first", "127.0.0.1:1")
        with pytest.raises(
            Refused, match=f"listen tcp {taken.listen}: bind: address already in use"
        ) as refused:
            client.create("second", "127.0.0.1:1", listen=taken.listen)
        assert refused.value.status == 500
        assert list(client.proxies()) == ["first"]
        with pytest.raises(Refused, match="no such host"):
            client.create("third", "127.0.0.1:1", listen="no.such.host.invalid:0")
        with pytest.raises(BadParameter, match="address already in use; give another --host or --port"):
            running(port=server.port).__enter__()


@pytest.mark.slow
def test_ten_thousand_proxies_listen_at_once():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11_000:
        pytest.skip(f"this machine allows {hard} files to a process; raise `ulimit -Hn` to 11000")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 11_000), hard))
    with running() as server, Client(server.url) as client:
        made = []
        for start in range(0, 10_000, 200):  # each call is answered in time on a busy machine too
            batch = ({"name": f"p{start + n}", "upstream": "127.0.0.1:1"} for n in range(200))
            made += client.populate(*batch)
        assert len({proxy.listen for proxy in made}) == 10_000
        assert len(client.proxies()) == 10_000
        socket.create_connection(made[-1].address).close()
        client.reset()


def test_two_servers_at_once_know_nothing_of_each_other():
    with running(seed=1) as one, running(seed=2) as two, Client(one.url) as a, Client(two.url) as b:
        first, second = a.create("web", "127.0.0.1:1"), b.create("web", two.url.removeprefix("http://"))
        with first.down():
            first.add("latency", latency=100)
            assert (len(first.toxics()), second.toxics()) == (1, [])
            with Client("http://{}:{}".format(*second.address)) as through:
                assert through.version() == b.version()  # a proxy before its own server's API
        b.reset()
        assert a.proxy("web").enabled
        assert len(a.proxy("web").toxics()) == 1
        assert 'proxy="web"' in b.metrics()


def test_a_toxiproxy_is_chosen_by_url_or_is_the_embedded_one(monkeypatch):
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)
    with toxiproxy() as embedded, toxiproxy(embedded.url) as same:
        assert same.version() == embedded.version()
        monkeypatch.setenv("TOXIPROXY_URL", embedded.url)
        embedded.create("web", "127.0.0.1:1")
        with toxiproxy() as chosen:
            assert list(chosen.proxies()) == ["web"]
    with pytest.raises(UsageError, match="no Toxiproxy answers"), toxiproxy("http://127.0.0.1:1"):
        pass
    with pytest.raises(UsageError, match="give embedded, a URL, or the path"), toxiproxy("no-such-server"):
        pass


def test_a_released_server_is_started_and_ended(tmp_path):
    """Any program that takes -host and -port will do to show it; ours in its place."""
    program = tmp_path / "toxiproxy-server"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m harness proxy --host "$2" --port "$4"\n', "utf-8"
    )
    program.chmod(0o755)
    with toxiproxy(str(program)) as client:
        assert client.version().startswith("2.")
    with pytest.raises(UsageError, match="no Toxiproxy answers"):
        Client(client.url).version()
    program.write_text("#!/bin/sh\nexit 3\n", "utf-8")
    with pytest.raises(NotStarted, match="ended at once with exit code 3"), toxiproxy(str(program)):
        pass


def test_the_client_names_the_server_that_does_not_answer():
    with Client("http://127.0.0.1:1") as client, pytest.raises(UsageError, match=r"at http://127\.0\.0\.1:1"):
        client.version()


def test_metrics_count_the_bytes_of_live_and_of_ended_connections():
    async def main() -> None:
        async with _bench() as (bench, _):
            await bench.make_proxy()
            client = await bench.connect()
            await bench.round_trip(client, b"12345")
            await bench.add("timeout", stream="upstream", timeout=0)
            client.send(b"dropped")
            client.close()
            await bench.remove("timeout_upstream")
            lines = (await bench.api("GET", "/metrics")).body.decode().splitlines()
            labels = f'listener="127.0.0.1:{bench.listen[1]}",proxy="web",upstream="{bench.upstream_address}"'
            for counted, stream, count in (
                ("received", "upstream", 12),
                ("sent", "upstream", 5),
                ("received", "downstream", 5),
                ("sent", "downstream", 5),
            ):
                name = f"toxiproxy_proxy_{counted}_bytes_total"
                assert f'{name}{{direction="{stream}",{labels}}} {count}' in lines

    asyncio.run(main())
