"""What must have happened, or the run has shown nothing: the faults struck and work was done."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, exercised
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import nanoseconds


@exercised
def every_fault_struck(history: History, plan: Plan) -> Iterator[Finding]:
    """Each fault of the plan struck at least once."""
    begun: dict[int, Event] = {}
    struck: set[int] = set()
    for event in history.where(witness="nemesis"):
        index = event.value.get("fault", -1)
        if event.f == "fault.begin":
            begun.setdefault(index, event)
        elif event.f == "fault.strike" or (event.f == "fault.end" and event.value.get("strikes")):
            struck.add(index)
    for index, fault in enumerate(plan.faults):
        if index in struck:
            continue
        begin = begun.get(index)
        if begin is None:
            at = moment(nanoseconds(fault.at))
            yield Finding(f"{type(fault).__name__}, planned for {at}, never began")
        else:
            yield Finding(f"{begin.value.get('text')}, begun at {moment(begin.t)}, never struck", (begin.n,))


@exercised
def work_was_done(history: History, plan: Plan) -> Iterator[Finding]:
    """At least one task's body ended well and at least one call was answered, if the plan has tasks."""
    if not plan.submissions:
        return
    if next(history.where(witness="body", type="ok"), None) is None:
        yield Finding(f"not one of {len(plan.submissions)} tasks' bodies ended well")
    if next(history.where(witness="client", type="ok"), None) is None:
        yield Finding("not one API call went well")
