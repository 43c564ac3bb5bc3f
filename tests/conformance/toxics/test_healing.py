"""Of every toxic: when it is gone, nothing is left of it; and while it is there, nothing else is touched."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.toxics.kinds import KINDS
from harness.toxics.kinds import OURS as OUR_TOXICS
from tests.conformance.toxics.arms import ALL, OURS, Run
from tests.conformance.toxics.bench import Bench

HARSH: dict[str, dict[str, Any]] = {
    "noop": {},
    "latency": {"latency": 50_000, "jitter": 10_000},
    "bandwidth": {"rate": 1},
    "slow_close": {"delay": 50_000},
    "timeout": {"timeout": 0},
    "reset_peer": {"timeout": 0},
    "slicer": {"average_size": 1, "delay": 50_000},
    "limit_data": {"bytes": 1},
    "packet_loss": {"loss_rate": 1.0},
    "corrupt": {"probability": 1.0},
    "half_open": {},
    "drop_after": {"bytes": 1},
}
"""Each so that no connection with it could be well."""
LATER_OR_OURS = {*OUR_TOXICS, "packet_loss"}
CASES = [
    pytest.param(*arm.values, toxic, id=f"{toxic}-{arm.id}", marks=arm.marks)
    for toxic in HARSH
    for arm in (OURS if toxic in LATER_OR_OURS else ALL)
]
of_every_toxic = pytest.mark.parametrize(("run", "toxic"), CASES)
DATA = bytes(range(256)) * 40


def test_these_are_all():
    assert set(HARSH) == set(KINDS)


async def _is_well(bench: Bench) -> None:
    """A new connection passes bytes both ways at once, unchanged, and then its end."""
    client = await bench.connect()
    assert bench.took(await bench.round_trip(client, DATA), 0)
    server = bench.upstream.peers[-1]
    begun = bench.now
    server.close()
    assert (await client.ended())[0] == "eof"
    assert bench.took(bench.now - begun, 0)


@of_every_toxic
def test_once_it_is_removed_connections_are_well(run: Run, toxic):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        for stream in ("upstream", "downstream"):
            await bench.add(toxic, stream=stream, **HARSH[toxic])
        struck = await bench.connect()
        struck.send(DATA)
        await asyncio.sleep(0.1)
        for stream in ("upstream", "downstream"):
            await bench.remove(f"{toxic}_{stream}")
        await _is_well(bench)

    run(case)


@of_every_toxic
def test_another_proxy_before_the_same_upstream_is_well(run: Run, toxic):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        for stream in ("upstream", "downstream"):
            await bench.add(toxic, stream=stream, **HARSH[toxic])
        (await bench.connect()).send(DATA)
        bench.listen = bench.listen[0], 5001 if bench.slack < 1 else 0
        await bench.make_proxy("other")
        await _is_well(bench)

    run(case)


@of_every_toxic
def test_the_other_stream_of_the_same_connection_is_well(run: Run, toxic):
    async def case(bench: Bench) -> None:
        bench.upstream.echo = False
        await bench.make_proxy()
        await bench.add(toxic, stream="upstream", **HARSH[toxic])
        client, server = await bench.connected()
        begun = bench.now
        server.send(DATA)
        assert await client.got(len(DATA)) == DATA
        assert bench.took(bench.now - begun, 0)
        assert not client.ends

    run(case)
