"""The released supervisor as a process of its own does what it does in virtual time.

The options shorten what by default takes minutes. A busy machine may be `TOLERANCE` late, and no more is asserted.
"""

from __future__ import annotations

import pytest

from harness import Fleet, Partition, RestartServer, Scenario, Tasks, Workers, run_plan, seconds
from harness.model.history import History
from harness.model.planning import make_plan

pytestmark = [pytest.mark.live, pytest.mark.slow]

TOLERANCE = 4.0  # seconds
QUICK = {
    "workers.min_heartbeat_interval": "1",
    "workers.execution_api_retries": "1",
    "workers.execution_api_timeout": "2.0",
}
ONE = Fleet(count=1, kind=Workers.SUPERVISED)


def _tasks(lasting: float, *, retries: int = 0) -> Tasks:
    return Tasks(count=1, lasting=(seconds(lasting),) * 2, over=seconds(1), retries=retries)


LOST = Scenario(
    fleet=ONE,
    tasks=_tasks(60),
    faults=(RestartServer(at=seconds(45), lasting=seconds(20)),),
    invariants=("every_fault_struck",),
    until=seconds(66),
    settle=seconds(1),
    options=QUICK,
)
WITHDRAWN = Scenario(
    fleet=ONE,
    tasks=_tasks(64, retries=1),
    faults=(Partition(a="worker-1", b="api", at=seconds(45), lasting=seconds(12)),),
    invariants=("every_fault_struck",),
    until=seconds(58),
    settle=seconds(12),
    options=QUICK
    | {
        "workers.max_failed_heartbeats": "100",
        "scheduler.task_instance_heartbeat_timeout": "6",
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


def _history(scenario: Scenario, world: str) -> History:
    plan = make_plan(scenario, 1, name="supervised")
    return run_plan(plan, world=world).history


def _last(history: History, call: str, type: str, **value: object) -> float:
    found = history.where(f=call, type=type)
    return max(each.t / 10**9 for each in found if value.items() <= each.value.items())


@pytest.mark.nightly
def test_a_task_whose_server_is_lost_is_killed_after_as_long_as_in_the_simulation() -> None:
    delays = {}
    for world in "sim", "live":
        history = _history(LOST, world)
        delays[world] = _last(history, "body", "info") - _last(history, "ti.heartbeat", "ok")
    assert delays["live"] == pytest.approx(delays["sim"], abs=TOLERANCE), delays


def test_a_task_that_the_server_withdrew_is_killed_five_seconds_after_its_next_heartbeat() -> None:
    delays = {}
    for world in "sim", "live":
        history = _history(WITHDRAWN, world)
        delays[world] = _last(history, "body", "info") - _last(history, "ti.heartbeat", "fail", status=410)
    assert delays["sim"] == pytest.approx(5.0, abs=0.1)
    assert delays["live"] == pytest.approx(delays["sim"], abs=TOLERANCE), delays


@pytest.mark.parametrize("world", ["sim", pytest.param("live", marks=pytest.mark.nightly)])
def test_a_task_outlives_its_tokens(world: str) -> None:
    run = run_plan(make_plan(TOKENS, 1, name="tokens"), world=world)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert list(run.history.where(f="ti.heartbeat", type="fail")) == []
