"""Small plans, for tests of what the world does with a fault."""

from __future__ import annotations

from harness.model.faults import Fault
from harness.model.plan import Plan, PlannedWorker, Submission
from harness.model.scenario import Workers
from harness.units import seconds


def small_plan(*faults: Fault, workers: Workers = Workers.SCRIPTED, count: int = 1) -> Plan:
    """A task of 20 seconds, `count` workers, and a storm of two minutes."""
    names = [f"worker-{number + 1}" for number in range(count)]
    task = Submission(at=seconds(1), dag_id="d", task_id="t", run_id="r", lasting=seconds(20))
    return Plan(
        scenario="small",
        seed=1,
        workers=tuple(PlannedWorker(name=name, kind=workers, slots=4, queues=("default",)) for name in names),
        submissions=(task,),
        faults=faults,
        invariants=("every_fault_struck",),
        until=seconds(120),
        settle=seconds(60),
    )
