"""What a plan's faults can explain: only those that concern a worker, and only once they have begun."""

from __future__ import annotations

from harness.model.fault_checks import API, victims
from harness.model.faults import Fault
from harness.model.plan import Plan
from harness.units import nanoseconds


def explained(plan: Plan, worker: str | None, *, by: int) -> bool:
    """Whether a fault that strikes `worker` or the API had begun by then; None stands for any worker.

    `by` is in nanoseconds. What a fault leaves behind may show long after it is over.
    """
    return any(nanoseconds(fault.at) <= by and concerns(fault, worker, plan) for fault in plan.faults)


def concerns(fault: Fault, worker: str | None, plan: Plan) -> bool:
    """Whether the fault strikes `worker` or the API; None stands for any worker."""
    struck = victims(fault, [each.name for each in plan.workers])
    return worker is None or worker in struck or API in struck
