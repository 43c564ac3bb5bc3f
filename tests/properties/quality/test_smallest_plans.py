"""What Hypothesis finds is made as simple as it can be: the smallest example is the one that a person would write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from harness.model.faults import Fault, Kill, LoseReplies, Partition, ResetPeer, ServerErrors
from harness.model.plan import Plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.strategies import faults, fleets, plans, storms, workloads
from harness.units import seconds
from tests.properties.quality.smallest import smallest

NOW, ONE = timedelta(0), seconds(1)
LINK: dict[str, Any] = {"a": "worker-*", "b": "api"}
SCENARIO = Scenario(fleet=Fleet(count=4, kind=Workers.SCRIPTED), tasks=Tasks(count=10))


def _has(storm: tuple[Fault, ...], kind: type[Fault], **more: object) -> bool:
    return any(
        isinstance(fault, kind) and all(getattr(fault, name) == value for name, value in more.items())
        for fault in storm
    )


def test_a_fault_of_no_matter_is_short_and_at_once() -> None:
    assert smallest(faults(), lambda fault: True) == Partition(**LINK, at=NOW, lasting=ONE)


def test_a_fault_of_one_kind_is_its_simplest() -> None:
    found = smallest(faults(), lambda fault: isinstance(fault, Kill))
    assert found == Kill(target="worker-1", at=NOW, lasting=ONE)


def test_a_fault_has_what_the_failure_needs_and_no_more() -> None:
    def fits(fault: Fault) -> bool:
        return isinstance(fault, ServerErrors) and fault.times is None and fault.status >= 500

    assert smallest(faults(), fits) == ServerErrors(**LINK, at=NOW, lasting=ONE, status=500)


def test_a_fault_is_as_late_and_as_long_as_it_must_be_to_the_millisecond() -> None:
    def fits(fault: Fault) -> bool:
        return isinstance(fault, Partition) and fault.at >= seconds(10) and fault.lasting > seconds(14)

    assert smallest(faults(), fits) == Partition(**LINK, at=seconds(10), lasting=seconds(14.001))


def test_a_storm_of_no_matter_is_none() -> None:
    assert smallest(storms(), lambda storm: True) == ()


def test_a_storm_loses_the_faults_that_do_not_matter() -> None:
    found = smallest(
        storms(kinds=(Partition, Kill, LoseReplies, ResetPeer)),
        lambda storm: _has(storm, Kill) and _has(storm, LoseReplies, calls="jobs.fetch"),
    )
    assert sorted(found, key=lambda fault: type(fault).__name__) == [
        Kill(target="worker-1", at=NOW, lasting=ONE),
        LoseReplies(**LINK, at=NOW, lasting=ONE, calls="jobs.fetch", times=1),
    ]


def test_a_fleet_has_no_more_workers_and_slots_than_it_must() -> None:
    found = smallest(fleets(Fleet(count=9, slots=8)), lambda fleet: fleet.count >= 3)
    assert (found.count, found.slots) == (3, 1)


def test_a_workload_is_no_longer_than_it_must_be() -> None:
    found = smallest(workloads(), lambda tasks: tasks.count >= 2 and tasks.lasting[1] >= seconds(20))
    assert found == Tasks(count=2, lasting=(seconds(5), seconds(20)), over=NOW, retries=0)


def _dies(plan: Plan) -> bool:
    return _has(plan.faults, Kill, target="worker-2")


def test_a_plan_keeps_the_workers_the_task_and_the_fault_that_it_needs() -> None:
    found = smallest(plans(SCENARIO), _dies)
    assert found.faults == (Kill(target="worker-2", at=NOW, lasting=ONE),)
    assert [worker.name for worker in found.workers] == ["worker-1", "worker-2"]
    assert [worker.slots for worker in found.workers] == [1, 1]
    assert [(task.at, task.lasting) for task in found.submissions] == [(NOW, seconds(5))]
    assert (found.seed, found.options) == (1, {})


def test_a_plan_loses_the_tasks_that_do_not_matter() -> None:
    def fits(plan: Plan) -> bool:
        return sum(task.lasting >= seconds(30) for task in plan.submissions) >= 2

    found = smallest(plans(SCENARIO), fits)
    assert [(task.at, task.lasting) for task in found.submissions] == [(NOW, seconds(30))] * 2
    assert (found.faults, len(found.workers)) == ((), 1)
