"""Laws of descriptions of chaos: what they give heals in time, and one seed gives one storm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import (
    Fleet,
    Kill,
    Latency,
    Partition,
    Pause,
    ResetPeer,
    Scenario,
    ServerErrors,
    Tasks,
    every,
    flip_flop,
    make_plan,
    minutes,
    mix,
    ms,
    rolling,
    seconds,
    staircase,
    swizzle,
)
from harness.errors import BadPlan
from harness.model.draws import Draw
from harness.model.faults import Fault, ends_at, hosts
from harness.model.scenario import Chaos
from harness.rng import Streams

NOW = timedelta(0)
CUT = Partition(a="worker-*", b="api", at=NOW, lasting=seconds(10))
CRASH = Kill(target="worker-1", at=NOW, lasting=seconds(20))
PAUSE = Pause(target="worker-2", at=NOW, lasting=seconds(5))
RESET = ResetPeer(a="worker-*", b="api", at=NOW)
SLOW = Latency(a="worker-*", b="api", at=NOW, lasting=seconds(15))
TEMPLATES: tuple[Fault, ...] = (CUT, CRASH, PAUSE, RESET, SLOW)
WORKERS = ("worker-1", "worker-2", "worker-3")
FAULTS = st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=3)
UNTIL = st.integers(120, 600).map(seconds)
START = st.integers(0, 30).map(seconds)
GAP = st.integers(5, 60).map(seconds)
SOME_HOSTS = st.sampled_from([(), WORKERS])


@st.composite
def chaoses(draw: st.DrawFn) -> tuple[Chaos, timedelta, timedelta]:
    """Any description, and from when until when it may storm."""
    start, until, faults = draw(START), draw(UNTIL), draw(FAULTS)
    span: Any = {"start": start, "until": until}
    lasting: Fault = draw(st.sampled_from([each for each in TEMPLATES if each is not RESET]))
    chaos = draw(
        st.sampled_from(
            [
                every(draw(GAP), *faults, hosts=draw(SOME_HOSTS), **span),
                mix(*faults, pause=draw(GAP), hosts=draw(SOME_HOSTS), **span),
                flip_flop(*faults, pause=draw(GAP), hosts=draw(SOME_HOSTS), **span),
                swizzle(lasting, hosts=WORKERS, **span),
                rolling(lasting, hosts=WORKERS, pause=ms(1), **span),
                staircase(SLOW, delay=(ms(1), ms(10), ms(100)), pause=ms(1), **span),
            ]
        )
    )
    return chaos, start, until


def storm(chaos: Chaos, seed: int = 1) -> list[Fault]:
    return list(chaos(Draw(Streams(seed), "chaos")))


def over(fault: Fault) -> timedelta:
    return ends_at(fault) or fault.at


@given(chaoses(), st.integers(0, 2**32))
def test_every_storm_begins_in_its_time_and_heals_in_it(
    described: tuple[Chaos, timedelta, timedelta], seed: int
) -> None:
    chaos, start, until = described
    for fault in storm(chaos, seed):
        assert start <= fault.at <= over(fault) <= until
        assert isinstance(fault, ResetPeer) or over(fault) > fault.at


@given(chaoses(), st.integers(0, 2**32))
def test_one_seed_gives_one_storm(described: tuple[Chaos, timedelta, timedelta], seed: int) -> None:
    assert storm(described[0], seed) == storm(described[0], seed)


@settings(deadline=None)
@given(chaoses(), st.integers(0, 2**32))
def test_every_storm_is_a_plan(described: tuple[Chaos, timedelta, timedelta], seed: int) -> None:
    chaos, _, until = described
    scenario = Scenario(fleet=Fleet(count=3), tasks=Tasks(count=0), faults=(chaos,), until=until)
    faults = make_plan(scenario, seed, name="x").faults
    assert all(over(fault) <= until for fault in faults)


@given(FAULTS, GAP, UNTIL, st.integers(0, 2**32))
def test_but_for_swizzle_no_two_faults_of_a_description_are_there_at_once(
    faults: list[Fault], gap: timedelta, until: timedelta, seed: int
) -> None:
    for chaos in (mix(*faults, pause=gap, until=until), every(gap, *faults, until=until)):
        found = storm(chaos, seed)
        assert all(over(a) <= b.at for a, b in pairwise(found))


@given(st.integers(0, 2**32))
def test_a_swizzle_strikes_each_host_once_at_most_and_all_are_struck_at_half_time(seed: int) -> None:
    found = storm(swizzle(CUT, hosts=WORKERS, until=minutes(2)), seed)
    names = [hosts(fault)[0] for fault in found]
    assert found
    assert len(set(names)) == len(names)
    assert all(fault.at <= minutes(1) < over(fault) for fault in found)


def test_swizzles_heal_in_other_orders_than_they_strike() -> None:
    storms = [storm(swizzle(CUT, hosts=WORKERS, until=minutes(2)), seed) for seed in range(20)]
    orders = [(sorted(each, key=lambda fault: fault.at), sorted(each, key=over)) for each in storms]
    assert any(begun != healed for begun, healed in orders)


def test_at_every_beat_a_fault_begins_unless_one_is_there() -> None:
    found = storm(every(seconds(30), CUT, until=minutes(2)))
    assert found == [replace(CUT, at=seconds(at)) for at in (0, 30, 60, 90)]
    found = storm(every(seconds(6), CUT, until=seconds(40)))
    assert [fault.at for fault in found] == [seconds(at) for at in (0, 12, 24)]


def test_a_mix_has_all_its_faults_in_the_end() -> None:
    kinds = {type(fault) for fault in storm(mix(*TEMPLATES, until=minutes(30)))}
    assert kinds == {type(fault) for fault in TEMPLATES}


def test_flip_flop_goes_to_and_fro() -> None:
    found = storm(flip_flop(CUT, PAUSE, until=minutes(1), pause=seconds(5)))
    assert [type(fault) for fault in found] == [Partition, Pause, Partition, Pause]
    assert [fault.at for fault in found] == [seconds(at) for at in (5, 20, 30, 45)]


def test_rolling_takes_one_host_after_the_other() -> None:
    found = storm(rolling(CRASH, hosts=WORKERS, until=minutes(2), pause=seconds(5)))
    assert found == [
        replace(CRASH, target=host, at=seconds(at)) for host, at in zip(WORKERS, (0, 25, 50), strict=True)
    ]


def test_a_staircase_climbs() -> None:
    late = staircase(SLOW, delay=(ms(10), ms(100)), jitter=(ms(1), ms(2)), until=minutes(1), pause=seconds(5))
    assert storm(late) == [
        replace(SLOW, delay=ms(10), jitter=ms(1)),
        replace(SLOW, delay=ms(100), jitter=ms(2), at=seconds(20)),
    ]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: mix(until=minutes(1)), "has no fault: give it one"),
        (lambda: mix(Kill(target="worker-1", at=NOW), until=minutes(1)), "Kill would never heal"),
        (lambda: flip_flop(RESET, until=minutes(1), pause=NOW), "`pause` must be longer than 0s"),
        (lambda: every(NOW, CUT, until=minutes(1)), "`period` must be longer than 0s"),
        (lambda: every(ms(1), CUT, until=minutes(1)), "makes 60,001 faults: at most 10,000"),
        (lambda: swizzle(CUT, hosts=(), until=minutes(1)), "swizzle has no hosts"),
        (lambda: swizzle(RESET, hosts=WORKERS, until=minutes(1)), "ResetPeer strikes once"),
        (lambda: swizzle(CUT, hosts=WORKERS, until=NOW), "has no time"),
        (lambda: rolling(CUT, hosts=WORKERS, until=seconds(40)), "has time for 2 of 3 faults until 40s"),
        (lambda: rolling(CUT, hosts=(), until=seconds(40)), "has no fault"),
        (lambda: staircase(SLOW, delays=(ms(1),), until=minutes(1)), "Latency has no 'delays'; it has a, b,"),
        (lambda: staircase(SLOW, delay=(ms(1),), jitter=(), until=minutes(1)), "as many values each"),
    ],
)
def test_a_description_that_cannot_mean_anything_is_refused(make: Any, complaint: str) -> None:
    with pytest.raises(BadPlan) as refusal:
        make()
    assert complaint in str(refusal.value)


def test_a_drawn_fault_that_cannot_be_is_told_with_its_name() -> None:
    wrong = ServerErrors(a="worker-*", b="api", at=NOW, lasting=seconds(1), status=200)
    scenario = Scenario(tasks=Tasks(count=0), faults=(mix(wrong, until=minutes(1)),))
    with pytest.raises(BadPlan, match="must answer a status from 400 to 599"):
        make_plan(scenario, 1, name="x")
