"""Who is told to end ends: soon where it is told to quit, and when its work is done where it is told to drain."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from harness.invariants.explaining import concerns
from harness.invariants.registry import Finding, liveness
from harness.model.bodies import bodies
from harness.model.faults import Stop
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import minutes, nanoseconds

QUITTING = nanoseconds(minutes(1))
"""How long a worker may take from the signal, or from the end of its last body, to its own end."""


@liveness
def stopped_workers_end(history: History, plan: Plan) -> Iterator[Finding]:
    """A worker that gets SIGTERM is gone a minute later, and one that gets SIGINT a minute after its last body.

    Not judged where another fault concerns it, or where the plan or the run ended the wait.
    """
    over = history[-1].t if len(history) else 0
    for told in history.where(witness="nemesis", f="fault.strike"):
        fault, worker = _fault_of(told, plan), str(told.value.get("victim"))
        if not isinstance(fault, Stop) or _others(fault, worker, plan):
            continue
        since = max(told.t, _last_body(history, worker, told.t)) if fault.drain else told.t
        late = since + QUITTING
        if late > over or (fault.lasting and nanoseconds(fault.at + fault.lasting) <= late):
            continue
        ended = next((event for event in _exits(history, worker) if event.t >= told.t), None)
        if ended is None or ended.t > late:
            what = "to drain" if fault.drain else "to end"
            when = "never ended" if ended is None else f"ended at {moment(ended.t)}"
            events = (told.n,) if ended is None else (told.n, ended.n)
            yield Finding(f"{worker} was told {what} at {moment(told.t)} and {when}", events)


def _fault_of(told: Event, plan: Plan) -> object:
    index = told.value.get("fault", -1)
    return plan.faults[index] if 0 <= index < len(plan.faults) else None


def _others(fault: Stop, worker: str, plan: Plan) -> bool:
    return any(other is not fault and concerns(other, worker, plan) for other in plan.faults)


def _last_body(history: History, worker: str, since: int) -> int:
    return max((body.ends for body in bodies(history) if body.worker == worker), default=since)


def _exits(history: History, worker: str) -> Iterator[Event]:
    return (
        event
        for event in history.where(witness="world", f="worker.exit")
        if fnmatchcase(event.process, worker)
    )
