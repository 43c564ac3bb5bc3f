"""The released supervisor as a process of its own does what it does in virtual time, and takes as long.

The tolerance is `TOLERANCE`: a busy machine may be that late. Where the supervisor draws its waits, means are compared.
Options shorten what by default takes minutes; one test leaves Airflow's defaults as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import mean

import pytest

from harness import Fleet, Partition, RestartServer, Scenario, Tasks, Workers, run_plan, seconds
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.planning import make_plan

pytestmark = [pytest.mark.live, pytest.mark.slow]

TOLERANCE = 4.0  # seconds
QUICK = {
    "workers.min_heartbeat_interval": "1",
    "workers.execution_api_retries": "1",
    "workers.execution_api_timeout": "2.0",
}
ONE = Fleet(count=1, kind=Workers.SUPERVISED)


def _tasks(lasting: float, *, count: int = 1, retries: int = 0) -> Tasks:
    return Tasks(count=count, lasting=(seconds(lasting),) * 2, over=seconds(1), retries=retries)


LOST = Scenario(
    fleet=ONE,
    tasks=_tasks(60),
    faults=(RestartServer(at=seconds(45), lasting=seconds(20)),),
    invariants=("every_fault_struck",),
    until=seconds(66),
    settle=seconds(1),
    options=QUICK,
)
DEFAULTS = Scenario(
    fleet=Fleet(count=1, slots=8, kind=Workers.SUPERVISED),
    # eight supervisors begin together: on a busy machine they need their time until the first heartbeat
    tasks=Tasks(count=8, lasting=(seconds(190),) * 2, over=seconds(1), retries=0),
    faults=(RestartServer(at=seconds(120), lasting=seconds(80)),),
    invariants=("every_fault_struck",),
    until=seconds(201),
    settle=seconds(1),
)
WITHDRAWN = Scenario(
    fleet=ONE,
    tasks=_tasks(82, count=2, retries=1),  # for longer than it takes to kill them
    faults=(Partition(a="worker-1", b="api", at=seconds(35), lasting=seconds(27)),),
    invariants=("every_fault_struck",),
    until=seconds(63),
    settle=seconds(25),
    options=QUICK
    | {
        "workers.max_failed_heartbeats": "100",
        "scheduler.task_instance_heartbeat_timeout": "20",  # or jobs are orphaned whose supervisors are starting
        "scheduler.task_instance_heartbeat_timeout_detection_interval": "1.0",
    },
)
TOKENS = Scenario(
    fleet=ONE,
    tasks=_tasks(40),
    until=seconds(60),
    settle=seconds(30),
    options=QUICK | {"execution_api.jwt_expiration_time": "10", "api_auth.jwt_leeway": "3"},
)


def _plan(scenario: Scenario, *, seed: int = 1) -> Plan:
    return make_plan(scenario, seed, name="supervised")


def _both(plan: Plan) -> Mapping[str, History]:
    """What happened in each world."""
    return {world: run_plan(plan, world=world).history for world in ("sim", "live")}


def _last(history: History, call: str, type: str, *, status: int | None = None) -> dict[str, float]:
    """When such a call or body of each task instance last ended so, in seconds."""
    witness = "body" if call == "body" else "client"
    return {
        invoke.value["ti"]: end.t / 10**9
        for invoke, end in history.pairs(witness=witness)
        if end is not None and (end.f, end.type) == (call, type) and status in (None, end.value.get("status"))
    }


def _killed(history: History, *, after: Mapping[str, float]) -> list[float]:
    """How long after those moments the bodies of those task instances were killed, in seconds."""
    ends = _last(history, "body", "info")
    return [ends[ti] - moment for ti, moment in after.items()]


def _killed_without_a_server(history: History) -> list[float]:
    return _killed(history, after=_last(history, "ti.heartbeat", "ok"))


@pytest.mark.nightly
def test_a_task_whose_server_is_lost_is_killed_after_as_long_as_in_the_simulation() -> None:
    delays = {world: mean(_killed_without_a_server(told)) for world, told in _both(_plan(LOST)).items()}
    assert delays["live"] == pytest.approx(delays["sim"], abs=TOLERANCE), delays


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_with_airflow_s_defaults_it_gets_sigterm_after_43_seconds_and_sigkill_five_later_in_both_worlds() -> (
    None
):
    """Three heartbeats fail, five seconds apart, each after five attempts with waits of 1, 1-2, 1-4 and 1-8 s between."""
    simulated = [
        delay
        for seed in range(1, 9)
        for delay in _killed_without_a_server(run_plan(_plan(DEFAULTS, seed=seed)).history)
    ]
    live = _killed_without_a_server(run_plan(_plan(DEFAULTS), world="live").history)
    print(f"simulated {mean(simulated):.1f} s, live {mean(live):.1f} s: {sorted(live)}")
    assert len(live) == 8
    assert mean(simulated) == pytest.approx(3 * (5 + 1 + 1.5 + 2.5 + 4.5) + 5, abs=1.5)
    assert mean(live) == pytest.approx(mean(simulated), abs=TOLERANCE), live


@pytest.mark.nightly
def test_a_task_that_the_server_withdrew_is_killed_five_seconds_after_its_next_heartbeat() -> None:
    """Of a task with a retry left the id is gone: 410. One that has failed for good is there and does not run: 409."""
    plan = _plan(WITHDRAWN)
    first, *others = plan.submissions
    plan = replace(plan, submissions=(replace(first, retries=0), *others))
    for world, history in _both(plan).items():
        for status in 409, 410:
            refused = _last(history, "ti.heartbeat", "fail", status=status)
            [delay] = _killed(history, after=refused)
            late = 0.1 if world == "sim" else 3 * TOLERANCE
            assert 4.9 <= delay <= 5.0 + late, (world, status, delay)


@pytest.mark.nightly
def test_a_task_outlives_its_tokens_and_lasts_as_long_in_both_worlds() -> None:
    lasted = {}
    for world, history in _both(_plan(TOKENS)).items():
        assert list(history.where(f="ti.heartbeat", type="fail")) == []
        [(ti, begun)] = _last(history, "ti.run", "ok").items()
        lasted[world] = _last(history, "ti.state", "ok", status=204)[ti] - begun
        assert lasted[world] > 3 * 13, "its first token was good for 13 seconds"
    assert lasted["live"] == pytest.approx(lasted["sim"], abs=TOLERANCE), lasted


def test_a_task_outlives_its_tokens() -> None:
    run = run_plan(_plan(TOKENS))
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert list(run.history.where(f="ti.heartbeat", type="fail")) == []
