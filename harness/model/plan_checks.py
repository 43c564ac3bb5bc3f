"""What a plan must be to mean anything; every refusal names the fix."""

from __future__ import annotations

from datetime import timedelta

from harness.errors import BadPlan
from harness.model.faults import Fault, ends_at
from harness.model.plan import Plan
from harness.model.scenario import Scenario
from harness.units import format_duration

WORKERS_MOST, TASKS_MOST = 10_000, 1_000_000
"""More would fill this machine's memory before the run began."""


def check_size(scenario: Scenario) -> None:
    """Raise BadPlan for a fleet or a workload that is no number of workers or tasks, or too many."""
    workers, tasks = scenario.fleet.count, scenario.tasks.count
    if not 1 <= workers <= WORKERS_MOST:
        raise BadPlan(f"the fleet has {workers} workers: give it 1 to {WORKERS_MOST:,}")
    if not 0 <= tasks <= TASKS_MOST:
        raise BadPlan(f"the workload has {tasks} tasks: give it 0 to {TASKS_MOST:,}")


def check_plan(plan: Plan) -> None:
    """Raise BadPlan, naming the fix, where the plan cannot mean anything."""
    zero = timedelta(0)
    if not plan.invariants:
        raise BadPlan("the plan promises nothing, so nothing could be judged: name an invariant")
    if not plan.workers:
        raise BadPlan("the plan has no workers: give the fleet a count of at least 1")
    if min(plan.until, plan.settle) < zero:
        raise BadPlan("`until` and `settle` must not be negative")
    for worker in plan.workers:
        if worker.slots < 1:
            raise BadPlan(f"{worker.name} has {worker.slots} slots: give it at least 1")
    for task in plan.submissions:
        if task.at < zero or task.lasting < zero or task.at > plan.until:
            raise BadPlan(f"{task.key} must be submitted between 0s and `until` and last 0s or more")
        if task.retries < 0 or task.slots < 1 or task.xcom_bytes < 0:
            raise BadPlan(f"{task.key} needs 0 retries or more, 1 slot or more and 0 XCom bytes or more")
    if len({task.key for task in plan.submissions}) < len(plan.submissions):
        raise BadPlan("two tasks of the plan have one name: give each its own dag, task or run id")
    for fault in plan.faults:
        _check_fault(fault, plan)


def _check_fault(fault: Fault, plan: Plan) -> None:
    name = type(fault).__name__
    if not 0 <= getattr(fault, "probability", 0) <= 1:
        raise BadPlan(f"{name} has a probability outside 0 … 1")
    if not 400 <= getattr(fault, "status", 400) <= 599:
        raise BadPlan(f"{name} must answer a status from 400 to 599")
    if (times := getattr(fault, "times", None)) is not None and times < 1:
        raise BadPlan(f"{name} must strike at least once: leave `times` out for no limit")
    if fault.at < timedelta(0) or fault.at > plan.until:
        raise BadPlan(
            f"{name} at {format_duration(fault.at)} is outside the storm: 0s … {format_duration(plan.until)}"
        )
    end = ends_at(fault)
    if end is not None and end <= fault.at:
        raise BadPlan(f"{name} at {format_duration(fault.at)} must last longer than 0s")
    if end is not None and end > plan.until:
        raise BadPlan(
            f"{name} ends at {format_duration(end)}, after the storm: raise `until`"
            f" ({format_duration(plan.until)}) or shorten the fault"
        )
