"""What calls cost, read off a few runs, and what that predicts."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capacity.knee import knee
from harness.capacity.measuring import measured_knee
from harness.capacity.model import (
    FULL,
    GROUPS,
    MEAN_OF_MEDIAN,
    SPREAD,
    Costs,
    costs,
    extrapolated,
    per_worker,
    predicted,
)
from harness.capacity.step import Answer, Load, Setting, Step, Usage
from loadtests import payloads

SETTING = Setting(load=Load.WORKERS)
#: Calls of each group in five runs that differ in what they are made of.
RUNS = ((900, 0, 0, 60), (0, 0, 0, 600), (0, 500, 0, 0), (400, 60, 80, 120), (800, 110, 170, 230))
COST = st.floats(1e-4, 5e-2)


def _step(counts: tuple[int, ...], cpu: float) -> Step:
    told = {ops[0]: count for ops, count in zip(GROUPS.values(), counts, strict=True)}
    return Step(
        amount=1, seconds=20, answer=Answer.KEPT, counts=told, usage=Usage(cpu_seconds={"server": cpu})
    )


@given(st.tuples(COST, COST, COST, COST))
def test_costs_that_made_the_figures_are_found_again(made: tuple[float, ...]) -> None:
    steps = [_step(run, sum(count * cost for count, cost in zip(run, made, strict=True))) for run in RUNS]
    found = costs(steps).of
    assert list(found.values()) == pytest.approx(made, rel=0.02)


def test_no_call_costs_less_than_nothing() -> None:
    assert min(costs([_step((100, 0, 0, 0), 1.0), _step((100, 100, 0, 0), 0.5)]).of.values()) == 0


def test_more_frequent_heartbeats_leave_room_for_fewer_workers() -> None:
    found = Costs(of={"heartbeat": 0.008})
    often = replace(SETTING, heartbeat_interval=SETTING.heartbeat_interval / 2)
    assert predicted(often, found, cores=1) == pytest.approx(predicted(SETTING, found, cores=1) / 2)


def test_a_worker_of_four_busy_slots_heartbeats_four_times_every_five_seconds() -> None:
    rates = per_worker(replace(SETTING, task_seconds=1e6))
    assert rates["heartbeat"] == pytest.approx(0.8, rel=0.01)
    assert rates["worker"] == pytest.approx(1 / 30, rel=0.01)


def test_tasks_last_as_long_on_average_as_those_of_the_users() -> None:
    assert SPREAD == payloads.BODY_SIGMA
    random = Random(1)
    lengths = [payloads.body_seconds(random, median=30) for _ in range(20_000)]
    assert sum(lengths) / len(lengths) == pytest.approx(30 * MEAN_OF_MEDIAN, rel=0.03)


def test_tasks_that_are_met_end_from_the_first_minute_on_as_often_as_for_ever() -> None:
    random, slots = Random(1), 20_000
    ended = sum(payloads.body_seconds(random, median=30, met=True) < 10 for _ in range(slots))
    assert ended == pytest.approx(slots * 10 / (30 * MEAN_OF_MEDIAN), rel=0.1)


def test_short_tasks_cost_a_fetch_and_two_heartbeats_of_the_worker_each() -> None:
    setting = replace(SETTING, task_seconds=30 / MEAN_OF_MEDIAN)
    tasks = setting.slots / (30 + 2.5)
    assert per_worker(setting)["worker"] == pytest.approx(min(2 * tasks, 1 / 5) + tasks)


def test_a_search_that_met_no_limit_of_the_server_has_measured_no_knee() -> None:
    def measured(*answers: Answer) -> float | None:
        return measured_knee(
            knee([Step(amount=10.0 * 2**n, seconds=1, answer=each) for n, each in enumerate(answers)])
        )

    assert measured(Answer.KEPT, Answer.MISSED) == 10
    assert measured(Answer.KEPT, Answer.KEPT) is None
    assert measured(Answer.KEPT, Answer.UNKNOWN) is None


def test_a_prediction_fills_the_cores_and_no_more() -> None:
    found = Costs(of={"heartbeat": 0.01}, idle=0.05)
    endless = replace(SETTING, task_seconds=1e6)
    assert predicted(endless, found, cores=1) == pytest.approx((FULL - 0.05) / (0.8 * 0.01), rel=0.01)


def test_more_processes_carry_more_until_the_database_is_full() -> None:
    server, database = Costs(of={"heartbeat": 0.008}), Costs(of={"heartbeat": 0.004})
    table = extrapolated(SETTING, server, database, processes=(1, 2, 4, 8), database_cores=2)
    assert [limit for _, limit in table.values()] == ["server", "server", "server", "database"]
    assert table[2][0] == pytest.approx(2 * table[1][0])
    assert table[8][0] == pytest.approx(table[4][0])
