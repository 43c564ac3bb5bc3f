"""What becomes of live connections when toxics and proxies change under them: the same on all three arms."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.toxics.arms import ALL, Run
from tests.conformance.toxics.bench import Bench

pytestmark = pytest.mark.parametrize("run", ALL)
WEB = "/proxies/web"


@pytest.mark.parametrize(("data", "seconds"), [(b"bye", 0.5), (b"", 0)])
def test_latency_holds_back_an_end_only_behind_bytes(run: Run, data, seconds):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", latency=500)
        client, server = await bench.connected()
        begun = bench.now
        server.send(data)
        server.close()
        assert (await client.ended())[0] == "eof"
        assert bytes(client.received) == data
        assert bench.took(client.end_at - begun, seconds)

    run(case)


def test_bandwidth_behind_latency_takes_the_time_of_both(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", latency=300)
        await bench.add("bandwidth", rate=100)
        client, server = await bench.connected()
        begun, data = bench.now, bytes(range(250)) * 120
        server.send(data)
        assert await client.got(len(data)) == data
        assert bench.took(bench.now - begun, 0.6)

    run(case)


@pytest.mark.parametrize(
    ("type", "attributes"),
    [
        pytest.param("bandwidth", {"rate": 10}, id="bandwidth"),
        pytest.param("bandwidth", {"rate": 0}, id="bandwidth 0"),
        pytest.param("latency", {"latency": 50_000, "jitter": 1000}, id="latency"),
        pytest.param("slicer", {"average_size": 10, "delay": 500_000}, id="slicer"),
    ],
)
def test_a_toxic_removed_amid_a_transfer_loses_no_byte(run: Run, type, attributes):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add(type, **attributes)
        client, server = await bench.connected()
        data = bytes(range(256)) * 2048
        server.send(data)
        await asyncio.sleep(0.2)
        begun = bench.now
        await bench.remove(name)
        assert await client.got(len(data)) == data
        assert bench.took(bench.now - begun, 0)
        assert not client.ends

    run(case)


def test_bandwidth_that_becomes_wider_lets_go_of_what_waited(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("bandwidth", rate=1)
        client, server = await bench.connected()
        data = b"0123456789" * 2000
        server.send(data)
        await asyncio.sleep(0.2)
        begun = bench.now
        await bench.change(name, rate=1000)
        assert await client.got(len(data)) == data
        assert bench.took(bench.now - begun, 0, 0.02)

    run(case)


def test_limit_data_counts_from_when_a_live_connection_has_it(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        await bench.round_trip(client, b"abcdef")
        await bench.add("limit_data", bytes=3)
        server.send(b"ghijkl")
        assert (await client.ended())[0] == "eof"
        assert bytes(client.received) == b"abcdefghi"

    run(case)


def test_limit_data_below_what_has_passed_closes_at_the_next_byte(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("limit_data", bytes=10)
        client, server = await bench.connected()
        await bench.round_trip(client, b"abc")
        await bench.change(name, bytes=2)
        await asyncio.sleep(0.2)
        assert not client.ends
        server.send(b"d")
        assert (await client.ended())[0] == "eof"
        assert bytes(client.received) == b"abc"

    run(case)


@pytest.mark.parametrize("first", ["limit_data", "latency"])
def test_limit_data_and_latency_act_one_after_the_other(run: Run, first):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        toxics: dict[str, dict[str, Any]] = {"limit_data": {"bytes": 3}, "latency": {"latency": 300}}
        for each in sorted(toxics, key=lambda toxic: toxic != first):
            await bench.add(each, **toxics[each])
        client, server = await bench.connected()
        begun = bench.now
        server.send(b"abcdef")
        assert (await client.ended())[0] == "eof"
        assert bytes(client.received) == b"abc"
        assert bench.took(client.end_at - begun, 0.3)

    run(case)


@pytest.mark.parametrize(("remove", "seconds"), [(True, 0), (False, 0.3)])
def test_an_end_that_slow_close_keeps_goes_on_when_the_toxic_changes(run: Run, remove, seconds):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("slow_close", delay=50_000)
        client, server = await bench.connected()
        await bench.round_trip(client)
        server.close()
        await asyncio.sleep(0.2)
        assert not client.ends
        begun = bench.now
        await (bench.remove(name) if remove else bench.change(name, delay=300))
        assert (await client.ended())[0] == "eof"
        assert bench.took(client.end_at - begun, seconds)

    run(case)


def test_timeout_lets_an_end_pass_at_once(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("timeout", timeout=50_000)
        client, server = await bench.connected()
        begun = bench.now
        server.close()
        assert (await client.ended())[0] == "eof"
        assert bench.took(client.end_at - begun, 0)

    run(case)


def test_reset_peer_leaves_a_connection_alone_that_says_nothing(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("reset_peer")
        client, _ = await bench.connected()
        await asyncio.sleep(0.3)
        assert not client.ends

    run(case)


def test_reset_peer_resets_at_an_end_too(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("reset_peer", stream="upstream", timeout=300)
        client, server = await bench.connected()
        begun = bench.now
        client.say_end()
        assert await server.ended() == ["ConnectionResetError"]
        assert bench.took(server.end_at - begun, 0.3)

    run(case)


def test_toxicity_may_rise_on_a_live_connection(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("timeout", toxicity=0, timeout=50_000)
        client, server = await bench.connected()
        assert bench.took(await bench.round_trip(client), 0)
        await bench.api("PATCH", f"{WEB}/toxics/{name}", {"toxicity": 1})
        server.send(b"never heard")
        await asyncio.sleep(0.2)
        assert bytes(client.received) == b"ping"

    run(case)


def test_what_a_client_said_arrives_though_it_is_gone(run: Run):
    async def case(bench: Bench) -> None:
        bench.upstream.echo = False
        await bench.make_proxy()
        await bench.add("latency", stream="upstream", latency=300)
        client, server = await bench.connected()
        client.send(b"last words")
        client.close()
        assert await server.got(10) == b"last words"
        assert (await server.ended())[0] == "eof"

    run(case)


@pytest.mark.parametrize("how", ["deleted", "disabled"])
def test_what_waits_in_a_toxic_is_gone_with_its_proxy(run: Run, how):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", latency=50_000)
        client, server = await bench.connected()
        server.send(b"waits")
        await asyncio.sleep(0.2)
        calls = {"deleted": ("DELETE", WEB, None), "disabled": ("PATCH", WEB, {"enabled": False})}
        begun = bench.now
        assert (await bench.api(*calls[how])).status in (200, 204)
        assert (await client.ended())[0] == "eof"
        assert (await server.ended())[0] == "eof"
        assert bench.took(bench.now - begun, 0)
        assert not client.received

    run(case)


def test_another_upstream_drops_connections_and_the_address_stays(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, _ = await bench.connected()
        await bench.round_trip(client)
        moved = await bench.api("PATCH", WEB, {"upstream": "127.0.0.1:1"})
        assert (moved.json["listen"], moved.json["enabled"]) == (f"{bench.listen[0]}:{bench.listen[1]}", True)
        assert (await client.ended())[0] == "eof"
        assert (await (await bench.connect()).ended())[0] == "eof"

    run(case)


def test_an_update_or_populating_with_the_same_address_by_its_name_touches_nothing(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency")
        client, _ = await bench.connected()
        host = "localhost" if bench.listen[0] == "127.0.0.1" else bench.listen[0]
        named = {"name": "web", "listen": f"{host}:{bench.listen[1]}", "upstream": bench.upstream_address}
        populated = (await bench.api("POST", "/populate", [named])).json["proxies"]
        assert [(each["listen"], len(each["toxics"])) for each in populated] == [
            (f"{bench.listen[0]}:{bench.listen[1]}", 1)
        ]
        assert (await bench.api("PATCH", WEB, named)).status == 200
        assert bench.took(await bench.round_trip(client), 0)

    run(case)


def test_an_update_to_an_address_in_use_leaves_the_proxy_disabled(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        taken = f"{bench.listen[0]}:{bench.listen[1]}"
        bench.listen = bench.listen[0], 5001 if bench.slack < 1 else 0
        await bench.make_proxy("other")
        refused = await bench.api("PATCH", "/proxies/other", {"listen": taken})
        assert (refused.status, refused.json["error"]) == (
            500,
            f"listen tcp {taken}: bind: address already in use",
        )
        other = (await bench.api("GET", "/proxies/other")).json
        assert (other["listen"], other["enabled"]) == (taken, False)
        assert (await bench.api("GET", WEB)).json["enabled"] is True

    run(case)
