"""What the faults changed, told from two literal histories."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.model.faults import Kill
from harness.model.history import History
from harness.model.plan import Plan, Submission
from harness.report.control import as_json, as_text, control_of, measures
from harness.units import seconds

NAMES = "dag_id=storm task_id=a run_id=run-1"
QUIET = f"""
1s client worker-1 invoke ti.run call=1
1s client worker-1 ok ti.run call=1
1s body worker-1 invoke body call=2 task=storm/a/run-1
9s server api ok task_instance key=1 old=running new=success {NAMES}
"""
STORM = f"""
1s client worker-1 invoke ti.run call=1
4s client worker-1 info ti.run call=1
5s client worker-1 fail connect reason=refused
5s client worker-1 invoke ti.run call=3
6s client worker-1 ok ti.run call=3
6s body worker-1 invoke body call=2 task=storm/a/run-1
1m1s server scheduler ok task_instance key=1 old=running new=up_for_retry {NAMES}
2m body worker-1 invoke body call=4 task=storm/a/run-1 try=2
3m server api ok task_instance key=2 old=running new=success {NAMES}
"""


@pytest.fixture
def plan(planned: Callable[..., Plan], task: Callable[..., Submission]) -> Plan:
    return planned(task("a"), faults=(Kill(target="worker-1", at=seconds(9)),))


def test_what_the_faults_changed_is_named_with_both_numbers(
    past: Callable[[str], History], plan: Plan
) -> None:
    changed, same = as_text(measures(past(STORM), past(QUIET), plan))
    assert changed.removeprefix("changed: ").split("; ") == [
        "last task over 3m (without 9s)",
        "tasks retried 1 (without 0)",
        "body runs 2 (without 1)",
        "API calls 2 (without 1)",
        "calls lost 1 (without 0)",
        "connections failed 1 (without 0)",
    ]
    assert same == "not: tasks succeeded, tasks failed, calls refused"


def test_faults_that_changed_nothing_are_told_as_that(past: Callable[[str], History], plan: Plan) -> None:
    text, _ = as_text(measures(past(QUIET), past(QUIET), plan))
    assert text == "changed: nothing that is measured"


def test_work_that_never_ends_is_told_as_that(past: Callable[[str], History], plan: Plan) -> None:
    unfinished = QUIET.replace("new=success", "new=running")
    found = measures(past(unfinished), past(QUIET), plan)
    assert next(as_text(found)).startswith("changed: last task over never (without 9s); tasks succeeded 0")
    assert as_json(found)["last_task_over"] == {"quiet": 9.0, "storm": None}


def test_the_control_is_the_same_plan_in_quiet_weather(plan: Plan) -> None:
    control = control_of(plan)
    assert (control.faults, control.submissions, control.seed) == ((), plan.submissions, plan.seed)
    assert "every_fault_struck" not in control.invariants
