"""Each toxic of Toxiproxy strikes as it should, heals, and touches nothing else: the same on all three arms."""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.toxics.arms import ALL, Run
from tests.conformance.toxics.bench import Bench

pytestmark = pytest.mark.parametrize("run", ALL)


@pytest.mark.parametrize(
    ("toxics", "delay", "spread"),
    [
        pytest.param([("downstream", 300, 0)], 0.3, 0.0, id="one way"),
        pytest.param([("downstream", 150, 0), ("upstream", 200, 0)], 0.35, 0.0, id="both ways"),
        pytest.param([("upstream", 150, 0), ("upstream", 150, 0)], 0.3, 0.0, id="two on one way add up"),
        pytest.param([("downstream", 300, 100)], 0.3, 0.1, id="with jitter"),
        pytest.param([("downstream", 0, 0)], 0.0, 0.0, id="none"),
    ],
)
def test_latency_delays_every_byte(run: Run, toxics, delay, spread):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        for number, (stream, latency, jitter) in enumerate(toxics):
            await bench.add("latency", stream=stream, name=f"l{number}", latency=latency, jitter=jitter)
        client, _ = await bench.connected()
        for _ in range(2):
            assert bench.took(await bench.round_trip(client), delay, spread)

    run(case)


def test_latency_keeps_a_long_line_full(run: Run):
    """What is sent meanwhile is under way at the same time: 2 MB take as long as one byte."""

    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", latency=500)
        client, server = await bench.connected()
        begun, data = bench.now, bytes(range(256)) * 8192
        server.send(data)
        assert await client.got(len(data)) == data
        assert bench.took(bench.now - begun, 0.5)

    run(case)


def test_latency_ends_when_the_toxic_is_removed(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, _ = await bench.connected()
        name = await bench.add("latency", latency=50_000)
        client.send(b"waits")
        await asyncio.sleep(0.2)
        assert not client.received
        await bench.remove(name)
        assert await client.got(5) == b"waits"
        assert bench.took(await bench.round_trip(client), 0)

    run(case)


def test_a_toxic_can_be_updated_on_a_live_connection(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, _ = await bench.connected()
        name = await bench.add("latency", latency=50_000)
        await bench.change(name, latency=200)
        assert bench.took(await bench.round_trip(client), 0.2)

    run(case)


def test_bandwidth_passes_so_many_bytes_a_second(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("bandwidth", rate=100)
        client, server = await bench.connected()
        begun, data = bench.now, b"0123456789" * 5000
        server.send(data)
        assert await client.got(len(data)) == data
        assert bench.took(bench.now - begun, 0.5)
        await bench.remove(name)
        begun = bench.now
        server.send(data)
        await client.got(2 * len(data))
        assert bench.took(bench.now - begun, 0)

    run(case)


def test_slow_close_delays_the_end_and_not_the_bytes(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("slow_close", delay=300)
        client, server = await bench.connected()
        assert bench.took(await bench.round_trip(client), 0)
        begun = bench.now
        server.close()
        assert (await client.ended())[0] == "eof"
        assert bench.took(bench.now - begun, 0.3)

    run(case)


def test_timeout_drops_what_is_said_and_closes_the_connection(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("timeout", timeout=300)
        begun = bench.now
        client, server = await bench.connected()
        server.send(b"never heard")
        assert (await client.ended())[0] == "eof"
        assert bench.took(bench.now - begun, 0.3)
        assert not client.received
        assert (await server.ended())[0] == "eof"

    run(case)


def test_timeout_0_closes_only_when_it_is_removed(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("timeout", timeout=0)
        client, server = await bench.connected()
        server.send(b"never heard")
        await asyncio.sleep(0.5)
        assert not client.ends
        await bench.remove(name)
        assert (await client.ended())[0] == "eof"
        assert not client.received

    run(case)


@pytest.mark.parametrize("timeout", [0, 300])
def test_reset_peer_resets_a_new_connection_at_its_first_byte(run: Run, timeout):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("reset_peer", timeout=timeout)
        client, server = await bench.connected()
        begun = bench.now
        server.send(b"dropped")
        assert await client.ended() == ["ConnectionResetError"]
        assert bench.took(bench.now - begun, timeout / 1000)
        assert not client.received

    run(case)


@pytest.mark.parametrize(
    ("size", "variation", "fewest", "most"),
    [pytest.param(1000, 0, 8, 16, id="even"), pytest.param(1000, 500, 5, 20, id="varied")],
)
def test_slicer_cuts_in_pieces(run: Run, size, variation, fewest, most):
    """8,000 bytes in pieces of about 1,000, ten milliseconds apart."""

    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("slicer", average_size=size, size_variation=variation, delay=10_000)
        client, server = await bench.connected()
        data = bytes(range(250)) * 32
        server.send(data)
        assert await client.got(len(data)) == data
        assert all(count <= (size + variation) * 4 for _, count in client.arrivals[:1])
        if bench.slack < 1:  # a real machine may be too busy to read each by itself
            assert fewest <= len(client.arrivals) <= most

    run(case)


@pytest.mark.parametrize(
    ("limit", "passes"), [(0, 0), (1, 1), (50, 50), (99, 99), (100, 100), (101, None), (1000, None)]
)
def test_limit_data_closes_after_so_many_bytes(run: Run, limit, passes):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("limit_data", bytes=limit)
        client, server = await bench.connected()
        data = bytes(range(100))
        server.send(data)
        if passes is None:
            assert await client.got(100) == data
            assert not client.ends
        else:
            assert (await client.ended())[0] == "eof"
            assert bytes(client.received) == data[:passes]

    run(case)


def test_limit_data_counts_on_when_it_is_updated(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("limit_data", bytes=100)
        client, server = await bench.connected()
        server.send(b"a" * 60)
        await client.got(60)
        await bench.change(name, bytes=80)
        server.send(b"b" * 60)
        assert (await client.ended())[0] == "eof"
        assert bytes(client.received) == b"a" * 60 + b"b" * 20

    run(case)


def test_noop_changes_nothing(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("noop")
        client, _ = await bench.connected()
        assert bench.took(await bench.round_trip(client, bytes(range(256))), 0)

    run(case)


@pytest.mark.parametrize("type", ["timeout", "latency", "bandwidth"])
def test_a_toxic_of_one_stream_leaves_the_other_alone(run: Run, type):
    attributes = {"timeout": {"timeout": 0}, "latency": {"latency": 50_000}, "bandwidth": {"rate": 1}}[type]

    async def case(bench: Bench) -> None:
        bench.upstream.echo = False
        await bench.make_proxy()
        await bench.add(type, stream="upstream", **attributes)
        client, server = await bench.connected()
        begun, data = bench.now, b"not held up" * 1000
        server.send(data)
        assert await client.got(len(data)) == data
        assert bench.took(bench.now - begun, 0)

    run(case)


def test_a_toxic_of_one_proxy_leaves_the_others_alone(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("timeout", timeout=0)
        listen = bench.listen
        bench.listen = listen[0], 5001 if bench.slack < 1 else 0
        await bench.make_proxy("other")
        client, _ = await bench.connected()
        assert bench.took(await bench.round_trip(client), 0)

    run(case)


@pytest.mark.parametrize(("toxicity", "struck"), [(0, 0), (1, 20)])
def test_toxicity_is_the_share_of_connections(run: Run, toxicity, struck):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("limit_data", toxicity=toxicity, bytes=1)
        clients = [await bench.connect() for _ in range(20)]
        for client in clients:
            client.send(b"ping")
        assert [await client.answered(4) for client in clients].count(False) == struck

    run(case)


def test_no_byte_is_lost_while_a_toxic_comes_and_goes(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        sent = b"".join(number.to_bytes(2, "big") for number in range(8000))
        for start in range(0, len(sent), 400):
            server.send(sent[start : start + 400])
            if start % 3200 == 0:
                await bench.add("latency", latency=1000)
            elif start % 3200 == 1600:
                await bench.remove("latency_downstream")
        assert await client.got(len(sent)) == sent
        assert not client.ends

    run(case)


def test_a_disabled_proxy_refuses_and_drops_and_comes_back_at_its_address(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        assert (await bench.api("PATCH", "/proxies/web", {"enabled": False})).json["enabled"] is False
        await client.ended()
        await server.ended()
        with pytest.raises(ConnectionRefusedError):
            await bench.connect()
        assert (await bench.api("PATCH", "/proxies/web", {"enabled": True})).json["enabled"] is True
        again = await bench.connect()
        assert bench.took(await bench.round_trip(again), 0)

    run(case)


def test_live_connections_outlast_a_reset_of_the_toxics(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", latency=200)
        client, _ = await bench.connected()
        assert bench.took(await bench.round_trip(client), 0.2)
        assert (await bench.api("POST", "/reset")).status == 204
        assert bench.took(await bench.round_trip(client), 0)

    run(case)


def test_where_the_upstream_is_down_a_client_is_taken_and_closed(run: Run):
    async def case(bench: Bench) -> None:
        bench.upstream_address = "server:81" if bench.slack < 1 else "127.0.0.1:1"
        await bench.make_proxy()
        client = await bench.connect()
        assert (await client.ended())[0] == "eof"

    run(case)
