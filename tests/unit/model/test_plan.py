from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadPlan
from harness.model.draws import Draw
from harness.model.faults import Fault, Kill, Partition, ResetPeer
from harness.model.plan import Plan, Submission
from harness.model.plan_file import plan_from_json, plan_to_json, read_plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.units import minutes, seconds

CUT = Partition(a="worker-1", b="api", at=minutes(1), lasting=minutes(2))


def plan(**scenario: Any) -> Plan:
    return make_plan(Scenario(**scenario), 7, name="a-name")


def test_a_plan_names_its_workers_tasks_and_faults() -> None:
    made = plan(fleet=Fleet(count=2, slots=3), tasks=Tasks(count=2, failing_first=1), faults=(CUT,))
    assert [(worker.name, worker.slots, worker.kind) for worker in made.workers] == [
        ("worker-1", 3, Workers.EDGE),
        ("worker-2", 3, Workers.EDGE),
    ]
    assert sorted(task.key for task in made.submissions) == ["storm/task-1/run-1", "storm/task-2/run-1"]
    assert {task.task_id: task.failing_tries for task in made.submissions} == {"task-1": (1,), "task-2": ()}
    assert made.faults == (CUT,)


def test_the_same_seed_makes_the_same_plan_and_another_seed_another() -> None:
    assert plan() == plan()
    assert make_plan(Scenario(), 8, name="a-name").submissions != plan().submissions


def test_another_kind_of_worker_changes_nothing_else() -> None:
    other = make_plan(Scenario(), 7, name="a-name", workers=Workers.SCRIPTED)
    assert {worker.kind for worker in other.workers} == {Workers.SCRIPTED}
    assert (other.submissions, other.faults) == (plan().submissions, plan().faults)


def test_chaos_becomes_concrete_faults_in_the_order_of_time() -> None:
    def chaos(draw: Draw) -> tuple[Fault, ...]:
        return tuple(
            ResetPeer(a="worker-1", b="api", at=draw.between(seconds(0), seconds(59))) for _ in range(3)
        )

    times = [fault.at for fault in plan(faults=(CUT, chaos)).faults]
    assert times == sorted(times)
    assert times[-1] == CUT.at


def test_a_kill_without_an_end_is_fine() -> None:
    assert plan(faults=(Kill(target="worker-1", at=minutes(1)),)).faults[0].at == minutes(1)


def test_a_plan_is_json_that_reads_back_equal(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(plan_to_json(plan(faults=(CUT,))))
    assert read_plan(file) == plan(faults=(CUT,))
    assert json.loads(file.read_text())["faults"][0] == {
        "fault": "Partition",
        "a": "worker-1",
        "b": "api",
        "at": "1m",
        "lasting": "2m",
        "direction": "both",
    }


def test_an_edited_plan_is_refused_unless_that_is_meant() -> None:
    text = plan_to_json(plan()).replace('"settle": "20m"', '"settle": "21m"')
    with pytest.raises(
        BadPlan, match=r"p\.json was edited after it was written: if that is meant, add --edited"
    ):
        plan_from_json(text, source="p.json")
    assert plan_from_json(text, edited=True).settle == minutes(21)


def test_formatting_a_plan_anew_is_no_edit() -> None:
    assert plan_from_json(json.dumps(json.loads(plan_to_json(plan())))) == plan()


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda plan: plan.pop("faults"), "lacks 'faults': take the plan.json of a run's folder"),
        (lambda plan: plan.pop("seed"), "missing 1 required keyword-only argument: 'seed'"),
        (lambda plan: plan.update(faults=None), r"Plan\.faults: None is not a list"),
        (
            lambda plan: plan.update(faults=[{"fault": "Rain"}]),
            "'Rain' is no fault; there are Partition, Latency",
        ),
        (lambda plan: plan.update(faults=[{"fault": []}]), "is no fault"),
        (
            lambda plan: plan.update(faults=[{"fault": "Kill", "when": "1s"}]),
            "Kill has no 'when'; it has target, at",
        ),
        (lambda plan: plan.update(seed="7"), r"Plan\.seed: '7' is not int"),
        (lambda plan: plan.update(seed=True), r"Plan\.seed: True is not int"),
        (lambda plan: plan.update(until="soon"), r"Plan\.until: 'soon' is not a duration"),
        (lambda plan: plan.update(workers=[1]), r"Plan\.workers: 1 is not an object for PlannedWorker"),
        (
            lambda plan: plan["workers"][0].update(kind="human"),
            r"PlannedWorker\.kind: 'human' is not a valid Workers",
        ),
        (
            lambda plan: plan.update(submissions=plan["submissions"][:1] * 2),
            "two tasks of the plan have one name",
        ),
        (lambda plan: plan.update(version=9), "is of version 9 and this release reads version 1"),
        (lambda plan: plan.update(version=True), "is of version True and this release reads version 1"),
        (lambda plan: plan.update(version=1.0), r"is of version 1\.0 and this release reads version 1"),
        (
            lambda plan: plan.update(format="airflow-remote-harness/history"),
            r"has the format 'airflow-remote-harness/history', not 'airflow-remote-harness/plan': take the plan\.json",
        ),
        (lambda plan: plan["submissions"][0].update(task_id=""), "task_id cannot be ''"),
        (
            lambda plan: plan.update(until="999999999d"),
            r"Plan\.until: .* is too long: a run holds at most 30 days",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_where(change: Change, complaint: str) -> None:
    document = json.loads(plan_to_json(plan()))
    change(document)
    with pytest.raises(BadPlan, match=complaint):
        plan_from_json(json.dumps(document), edited=True)


@pytest.mark.parametrize("text", ["", "[]", "null", "3", '"plan"', "{}", "[" * 100_000])
def test_what_is_no_plan_at_all_is_refused(text: str) -> None:
    with pytest.raises(BadPlan, match="truncated or no plan"):
        plan_from_json(text)


def test_a_file_that_is_not_there_is_a_bad_plan(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match="cannot be read"):
        read_plan(tmp_path / "nothing")


def test_a_submission_is_named_dag_task_run() -> None:
    task = Submission(at=seconds(0), dag_id="a", task_id="b", run_id="c", lasting=seconds(1))
    assert task.key == "a/b/c"
