"""Bodies outlive outages: a worker that hears nothing of the API does not kill what the server still has running."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from harness.invariants.registry import Finding, safety
from harness.invariants.running import SEEN_LATE, Calls
from harness.model.bodies import bodies
from harness.model.faults import Kill, OutOfMemory, Stop
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import nanoseconds


@safety
def bodies_outlive_outages(history: History, plan: Plan) -> Iterator[Finding]:
    """No body is killed whose task the server has running, unless a fault kills it or its worker.

    Airflow does not promise that: [workers] max_failed_heartbeats ends a task after so many failed heartbeats.
    """
    calls = Calls(history)
    for body in bodies(history):
        if body.end is None or body.end.type != "info":
            continue
        left = calls.left.get(body.ti)
        if (left is None or left.t > body.ends + SEEN_LATE) and not _killed(body.worker, body.ends, plan):
            text = f"{body.task} (try {body.attempt}) was killed on {body.worker} at {moment(body.ends)}"
            yield Finding(f"{text}, and the server had it running", body.ordinals)


def _killed(worker: str, by: int, plan: Plan) -> bool:
    return any(
        isinstance(fault, (Kill, OutOfMemory, Stop))
        and fnmatchcase(worker, fault.target)
        and nanoseconds(fault.at) <= by
        for fault in plan.faults
    )
