"""Toxiproxy does as the table of divergences says it does. When one of these fails, a row of that table has to change."""

from __future__ import annotations

import asyncio
import socket

import pytest

from harness.proxy.connection import NO_LINGER
from tests.conformance.toxics.arms import real
from tests.conformance.toxics.bench import Bench

pytestmark = pytest.mark.live
WEB = "/proxies/web"
TOXICS = f"{WEB}/toxics"
LATENCY = f"{TOXICS}/latency_downstream"


@pytest.mark.parametrize(
    ("toxic", "shown"),
    [
        pytest.param({"toxicity": 0.3333333333}, {"toxicity": 0.33333334}, id="digits of a toxicity"),
        pytest.param(
            {"stream": "UPSTREAM"}, {"stream": "UPSTREAM", "name": "latency_UPSTREAM"}, id="capitals"
        ),
        pytest.param({"toxicity": 7}, {"toxicity": 7}, id="a toxicity out of range"),
        pytest.param(
            {"attributes": {"latency": -5}}, {"attributes": {"latency": -5, "jitter": 0}}, id="negative"
        ),
    ],
)
def test_a_toxic_is_taken_and_shown_like_this(toxic, shown):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        made = (await bench.api("POST", TOXICS, {"type": "latency", **toxic})).json
        assert {name: made[name] for name in shown} == shown

    real(case)


def test_an_update_that_is_refused_has_changed_what_stands_before_the_mistake():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency")
        update = b'{"attributes":{"jitter":3,"latency":"x"}}'
        assert (await bench.api("PATCH", LATENCY, raw=update)).status == 400
        assert (await bench.api("GET", LATENCY)).json["attributes"] == {"latency": 0, "jitter": 3}

    real(case)


@pytest.mark.parametrize("type", ["corrupt", "half_open", "drop_after"])
def test_it_does_not_know_our_toxics(type):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        answer = await bench.api("POST", TOXICS, {"type": type})
        assert (answer.status, answer.json["error"]) == (400, "invalid toxic type")

    real(case)


@pytest.mark.parametrize(
    ("name", "path", "status"), [("a/b", "a%2Fb", 404), ("..", "..", 301), (".", "%2E", 301)]
)
def test_such_a_name_cannot_be_addressed(name, path, status):
    async def case(bench: Bench) -> None:
        made = await bench.api("POST", "/proxies", {"name": name, "upstream": "a:1", "enabled": False})
        assert (made.status, made.json["listen"], made.json["Logger"]) == (201, "", {})
        assert (await bench.api("GET", f"/proxies/{path}")).status == status

    real(case)


@pytest.mark.parametrize("upstream", ["nonsense", "a:http", "a:99999"])
def test_an_address_that_is_none_is_taken(upstream):
    async def case(bench: Bench) -> None:
        made = await bench.api("POST", "/proxies", {"name": "x", "upstream": upstream, "enabled": False})
        assert (made.status, made.json["upstream"]) == (201, upstream)
        listen = {"name": "y", "upstream": "a:1", "listen": "nonsense"}
        assert (await bench.api("POST", "/proxies", listen)).status == 500

    real(case)


def test_populating_makes_what_stands_before_a_mistake_and_one_name_twice():
    async def case(bench: Bench) -> None:
        first = {"name": "first", "upstream": "a:1", "listen": "127.0.0.1:0"}
        refused = await bench.api(
            "POST", "/populate", [first, first | {"name": "second", "listen": "nonsense"}]
        )
        assert (refused.status, [each["name"] for each in refused.json["proxies"]]) == (500, ["first"])
        twice = await bench.api("POST", "/populate", [first, first | {"upstream": "b:1"}])
        assert [each["enabled"] for each in twice.json["proxies"]] == [False, True]

    real(case)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /version HTTP/1.1\nHost: x\n\n", 200),
        ("GET /proxies/ü HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 404),
        (b"BREW /version HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET /version HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_of_http_that_is_not_quite_it_takes_this(sent, status):
    async def case(bench: Bench) -> None:
        (answer,) = await bench.exchange(sent)
        assert answer.status == status

    real(case)


def test_reset_peer_ends_a_live_connection_with_fin():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        await bench.round_trip(client)
        await bench.add("reset_peer")
        server.send(b"x")
        assert (await client.ended())[0] == "eof"

    real(case)


def test_reset_peer_resets_whatever_its_toxicity():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("reset_peer", toxicity=0)
        client, server = await bench.connected()
        await bench.round_trip(client)
        server.close()
        assert await client.ended() == ["ConnectionResetError"]

    real(case)


def test_a_reset_of_the_client_reaches_the_upstream_as_fin():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        await bench.round_trip(client)
        client.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        client.transport.abort()
        assert (await server.ended())[0] == "eof"

    real(case)


def test_the_end_of_one_stream_closes_both():
    async def case(bench: Bench) -> None:
        bench.upstream.echo = False
        await bench.make_proxy()
        client, server = await bench.connected()
        client.send(b"question")
        client.say_end()
        await server.ended()
        assert (await client.ended())[0] == "eof"
        assert not client.received

    real(case)


def test_traffic_puts_a_timeout_off():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("timeout", timeout=1000)
        client, server = await bench.connected()
        for _ in range(30):
            server.send(b"chatter")
            await asyncio.sleep(0.1)
        assert not client.ends

    real(case)


def test_latency_behind_bandwidth_counts_the_wait_before_it():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("bandwidth", rate=10)
        await bench.add("latency", latency=2000)
        client, server = await bench.connected()
        begun = bench.now
        server.send(bytes(20_000))
        await client.got(20_000)
        assert bench.now - begun < 4

    real(case)
