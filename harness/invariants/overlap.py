"""No task runs twice at once: told by the bodies alone, whatever client and server believe."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies
from harness.model.history import History
from harness.model.moments import span
from harness.model.plan import Plan


@safety
def no_task_runs_twice_at_once(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """No two bodies of one task overlap in time, on whichever workers."""
    running: dict[str, Body] = {}  # of each task, the body that ends last
    for body in bodies(history):
        other = running.get(body.task)
        if other and body.begins < other.ends:
            yield Finding(_summary(other, body), (*other.ordinals, *body.ordinals))
        if other is None or body.ends >= other.ends:
            running[body.task] = body


def _summary(first: Body, second: Body) -> str:
    end = min(first.ends, second.ends)
    where = f"on {first.worker} and {second.worker}"
    if first.worker == second.worker:
        where = f"twice on {first.worker}"
    return f"{first.task} ran {where} at the same time, {span(second.begins, end)}"
