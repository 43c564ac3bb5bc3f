"""No task runs twice at once: told by the bodies alone, whatever client and server believe."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies
from harness.model.faults import Pause
from harness.model.history import History
from harness.model.moments import span
from harness.model.plan import Plan
from harness.units import nanoseconds, seconds

NOTICING = nanoseconds(seconds(30))
"""So long a process that was resumed may take to hear that its task was given away, and to end."""


@safety
def no_task_runs_twice_at_once(history: History, plan: Plan) -> Iterator[Finding]:
    """No two bodies of one task overlap in time, on whichever workers; one whose host is paused does not run.

    Nothing can keep a paused process from being given up, and from going on for a moment when it is resumed.
    """
    running: dict[str, Body] = {}  # of each task, the body that ends last
    for body in bodies(history):
        other = running.get(body.task)
        if other and body.begins < other.ends and _awake(other, body, plan) < min(other.ends, body.ends):
            yield Finding(_summary(other, body), (*other.ordinals, *body.ordinals))
        if other is None or body.ends >= other.ends:
            running[body.task] = body


def _awake(first: Body, second: Body, plan: Plan) -> int:
    """From when on both run: not while the host of one is paused, nor until it had the time to find out."""
    since = second.begins
    for begins, ends in sorted(_pauses(plan, first.worker, second.worker)):
        if begins <= since < ends + NOTICING:
            since = ends + NOTICING
    return since


def _pauses(plan: Plan, *workers: str) -> Iterator[tuple[int, int]]:
    for fault in plan.faults:
        if isinstance(fault, Pause) and any(fnmatchcase(worker, fault.target) for worker in workers):
            yield nanoseconds(fault.at), nanoseconds(fault.at + fault.lasting)


def _summary(first: Body, second: Body) -> str:
    end = min(first.ends, second.ends)
    where = f"on {first.worker} and {second.worker}"
    if first.worker == second.worker:
        where = f"twice on {first.worker}"
    return f"{first.task} ran {where} at the same time, {span(second.begins, end)}"
