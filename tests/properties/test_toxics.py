"""Laws of the toxics: what they promise for every stream of bytes, however it is cut."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.rng import Streams
from harness.sim.loop import SimLoop
from harness.sim.session import tear_down
from harness.toxics.chain import Chain
from harness.toxics.corrupt import Corrupt
from harness.toxics.kinds import KINDS, OURS, attributes_of, with_attributes
from harness.toxics.named import NamedToxic, Stream
from harness.toxics.stage import Stage
from harness.toxics.toxic import Item, Mark

HARMLESS: dict[str, dict[str, float]] = {
    "noop": {},
    "latency": {"latency": 700, "jitter": 300},
    "bandwidth": {"rate": 1},
    "slow_close": {"delay": 500},
    "slicer": {"average_size": 3, "size_variation": 2, "delay": 1000},
    "packet_loss": {"loss_rate": 0.5, "correlation": 0.2},
    "limit_data": {"bytes": 10**9},
    "drop_after": {"bytes": 10**9},
}
"""Toxics that change when bytes come and how they are cut, and nothing else."""

steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.binary(min_size=1, max_size=200)),
        st.tuples(st.just("add"), st.sampled_from(sorted(HARMLESS))),
        st.tuples(st.just("update"), st.integers(0, 9)),
        st.tuples(st.just("remove"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.floats(0, 2)),
    ),
    max_size=30,
)


def _named(type: str, number: int) -> NamedToxic:
    toxic = with_attributes(KINDS[type](), HARMLESS[type])
    return NamedToxic(name=f"{number}", type=type, stream=Stream.UPSTREAM, toxicity=1.0, toxic=toxic)


async def _play(steps: list[tuple[str, Any]], out: list[Item]) -> bytes:
    chain = Chain(out.append, draw=Streams(1).named, drained=lambda: None)
    present: dict[int, NamedToxic] = {}
    sent = b""
    for number, (step, what) in enumerate(steps):
        if step == "send":
            sent += what
            chain.take(what)
        elif step == "wait":
            await asyncio.sleep(what)
        elif step == "add":
            present[number] = _named(what, number)
            chain.add(present[number])
        elif present:
            key = list(present)[what % len(present)]
            if step == "update":
                chain.update(present[key])
            else:
                chain.remove(present.pop(key).name)
    chain.take(Mark.END)
    await asyncio.sleep(100_000)
    return sent


@given(steps)
def test_toxics_that_come_and_go_lose_no_byte_and_keep_the_order(steps):
    loop = SimLoop(limit=10**15)
    out: list[Item] = []
    try:
        sent = loop.run_until_complete(_play(steps, out))
    finally:
        tear_down(loop)
    assert b"".join(item for item in out if isinstance(item, bytes)) == sent
    assert [item for item in out if not isinstance(item, bytes)] == [Mark.END]
    assert out[-1] is Mark.END


def _corrupted(chunks: list[bytes], probability: float, seed: int) -> bytes:
    out: list[Item] = []

    async def main() -> None:
        stage = Stage(Corrupt(probability=probability), toxicity=1, random=Random(seed), next=out.append)
        for chunk in chunks:
            stage.take(chunk)

    loop = SimLoop(limit=10**15)
    try:
        loop.run_until_complete(main())
    finally:
        tear_down(loop)
    return b"".join(item for item in out if isinstance(item, bytes))


@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=10),
    st.sampled_from([0.0, 5e-324, 1e-9, 0.1, 0.9, 1.0]),
    st.integers(0, 99),
)
def test_which_bytes_are_corrupted_does_not_depend_on_the_chunks(chunks, probability, seed):
    whole = b"".join(chunks)
    corrupted = _corrupted(chunks, probability, seed)
    assert corrupted == _corrupted([whole] if whole else [], probability, seed)
    changed = sum(a != b for a, b in zip(whole, corrupted, strict=True))
    assert probability < 1 or changed == len(whole)
    assert probability > 1e-9 or changed == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=3,
)
NAMES = sorted({name for kind in KINDS.values() for name in attributes_of(kind())})


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.sampled_from(NAMES), json_values))
def test_attributes_are_taken_as_they_are_or_refused_with_a_line(kind, attributes):
    try:
        toxic = with_attributes(KINDS[kind](), attributes)
    except ValueError as error:
        told = str(error)
    else:
        told = ""
        known = attributes_of(toxic)
        given = {name: value for name, value in attributes.items() if name in known and value is not None}
        assert {name: known[name] for name in given} == given
        assert all(value >= 0 for value in known.values())
    assert "\n" not in told
    assert len(told) < 200


def test_ours_are_toxics():
    assert set(OURS) < set(KINDS)
