"""What our server does otherwise than Toxiproxy, and its own toxics: simulated and on real sockets."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from harness.proxy.connection import NO_LINGER
from tests.conformance.toxics.arms import OURS, Run, embedded, simulated
from tests.conformance.toxics.bench import Bench
from tests.conformance.toxics.peers import Peer

ours = pytest.mark.parametrize("run", OURS)


@ours
def test_reset_peer_resets_a_live_connection_at_both_ends(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        await bench.round_trip(client)
        await bench.add("reset_peer", stream="upstream")
        client.send(b"x")
        assert await client.ended() == ["ConnectionResetError"]
        assert await server.ended() == ["ConnectionResetError"]
        assert bytes(server.received) == b"ping"

    run(case)


@ours
def test_reset_peer_spares_the_connections_that_its_toxicity_spares(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("reset_peer", toxicity=0)
        client, server = await bench.connected()
        await bench.round_trip(client)
        server.close()
        assert (await client.ended())[0] == "eof"

    run(case)


@ours
def test_reset_peer_that_is_removed_too_late_resets_all_the_same(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("reset_peer", timeout=50_000)
        client, server = await bench.connected()
        server.send(b"gone")
        await asyncio.sleep(0.2)
        assert not client.ends
        await bench.remove(name)
        assert await client.ended() == ["ConnectionResetError"]

    run(case)


@ours
def test_a_half_closed_connection_still_answers(run: Run):
    async def case(bench: Bench) -> None:
        bench.upstream.echo = False
        await bench.make_proxy()
        client, server = await bench.connected()
        client.send(b"question")
        client.say_end()
        assert await server.ended() == ["eof"]
        server.send(b"answer")
        server.say_end()
        assert await client.ended() == ["eof"]
        assert (bytes(server.received), bytes(client.received)) == (b"question", b"answer")

    run(case)


@ours
def test_a_reset_of_the_upstream_reaches_the_client_as_one_behind_its_bytes(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        await bench.round_trip(client)
        await bench.add("latency", latency=300)
        begun = bench.now
        _reset(server)
        assert await client.ended() == ["ConnectionResetError"]
        assert bench.took(bench.now - begun, 0)

    run(case)


def _reset(peer: Peer) -> None:
    sock = peer.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    peer.transport.abort()


@ours
def test_timeout_is_not_put_off_by_traffic(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("timeout", timeout=300)
        begun = bench.now
        client, server = await bench.connected()
        for _ in range(20):
            if client.ends:
                break
            server.send(b"chatter")
            await asyncio.sleep(0.1)
        assert client.ends[0] == "eof"
        assert bench.took(client.end_at - begun, 0.3)

    run(case)


def test_packet_loss_stalls_as_tcp_does_and_loses_no_byte():
    """Each of 200 chunks is lost with probability ½: some come at once, some after 0.2 s, 0.6 s, 1.4 s, …"""

    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("packet_loss", loss_rate=0.5)
        client, _ = await bench.connected()
        times = [round(await bench.round_trip(client, bytes([number])), 3) for number in range(200)]
        assert {0.0, 0.2, 0.6, 1.4} <= set(times) <= {0, 0.2, 0.6, 1.4, 3.0, 6.2, 12.6, 25.4, 51.0}
        assert 70 <= times.count(0.0) <= 130

    simulated(case)


@ours
def test_packet_loss_of_everything_holds_it_back_until_the_toxic_is_removed(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("packet_loss", loss_rate=1)
        client, server = await bench.connected()
        server.send(b"sent again")
        await asyncio.sleep(0.3)
        assert not client.received
        await bench.remove(name)
        assert await client.got(10) == b"sent again"

    run(case)


@ours
def test_corrupt_changes_that_share_of_the_bytes_and_no_length(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        name = await bench.add("corrupt", probability=0.01)
        client, server = await bench.connected()
        server.send(bytes(100_000))
        got = await client.got(100_000)
        assert 800 <= sum(byte != 0 for byte in got) <= 1200
        await bench.remove(name)
        server.send(b"whole")
        assert (await client.got(100_005))[100_000:] == b"whole"

    run(case)


@ours
def test_half_open_swallows_bytes_and_ends_and_resets_when_it_heals(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, server = await bench.connected()
        await bench.round_trip(client)
        name = await bench.add("half_open")
        server.send(b"never heard")
        server.say_end()
        client.send(b"anyone?")
        assert await server.got(11) == b"pinganyone?"
        await asyncio.sleep(0.3)
        assert not client.ends
        assert bytes(client.received) == b"ping"
        await bench.remove(name)
        assert await client.ended() == ["ConnectionResetError"]

    run(case)


@ours
def test_half_open_that_swallowed_nothing_heals_without_a_trace(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        client, _ = await bench.connected()
        await bench.remove(await bench.add("half_open"))
        assert bench.took(await bench.round_trip(client), 0)

    run(case)


@ours
def test_drop_after_lets_so_many_bytes_pass_and_then_resets(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("drop_after", stream="upstream", bytes=6)
        client, server = await bench.connected()
        client.send(b"ping")
        assert await client.got(4) == b"ping"
        client.send(b"ping")
        assert await client.ended() == ["ConnectionResetError"]
        assert await server.ended() == ["ConnectionResetError"]

    run(case)


@ours
def test_drop_after_a_time_resets_a_connection_that_was_well(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("drop_after", time=400)
        begun = bench.now
        client, _ = await bench.connected()
        assert await bench.round_trip(client) < 0.4 + bench.slack
        assert await client.ended() == ["ConnectionResetError"]
        assert bench.took(client.end_at - begun, 0.4)

    run(case)


def test_a_dial_that_hangs_holds_up_neither_other_proxies_nor_the_api():
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        proxied = bench.listen
        hole = {"name": "hole", "listen": "proxy:5001", "upstream": "hole:80"}
        assert (await bench.api("POST", "/proxies", hole)).status == 201
        bench.listen = "proxy", 5001
        waiting = [await bench.connect() for _ in range(3)]
        await asyncio.sleep(1)
        bench.listen = proxied
        assert bench.took(await bench.round_trip(await bench.connect()), 0)
        begun = bench.now
        assert (await bench.api("DELETE", "/proxies/hole")).status == 204
        for client in waiting:
            assert (await client.ended())[0] == "eof"
        assert bench.took(bench.now - begun, 0)

    simulated(case, cut_off="hole")


def _struck(toxicity: float, seed: int, run: Any) -> list[bool]:
    struck: list[bool] = []

    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("limit_data", toxicity=toxicity, bytes=1)
        for _ in range(40):
            client = await bench.connect()
            client.send(b"ping")
            struck.append(not await client.answered(4))

    run(case, seed=seed)
    return struck


@ours
def test_one_seed_strikes_the_same_connections_and_another_seed_others(run: Run):
    first = _struck(0.5, 1, run)
    assert 5 < sum(first) < 35
    assert first == _struck(0.5, 1, run)
    assert first != _struck(0.5, 2, run)


@pytest.mark.live
def test_both_worlds_draw_the_same():
    assert _struck(0.5, 7, simulated) == _struck(0.5, 7, embedded)
