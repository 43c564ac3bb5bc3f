"""Every task finishes: in a terminal state, and in the one that its body and its retries lead to."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, liveness
from harness.model.bodies import Body, bodies, task_of
from harness.model.history import Event, History
from harness.model.lifecycle import TERMINAL
from harness.model.moments import moment
from harness.model.plan import Plan, Submission


@liveness
def every_task_finishes(history: History, plan: Plan) -> Iterator[Finding]:
    """Each task ends in a terminal state: success where its tries allow, failed where all of them fail by plan."""
    last: dict[str, Event] = {}
    for event in history.where(witness="server", f="task_instance"):
        last[task_of(event)] = event
    ran: dict[str, list[Body]] = {}
    for body in bodies(history):
        ran.setdefault(body.task, []).append(body)
    for task in plan.submissions:
        if task.key not in last:
            yield Finding(f"{task.key} never reached the server")
            continue
        change, mine = last[task.key], ran.get(task.key, [])
        if problem := _problem(task, change.value.get("new"), mine, faults=bool(plan.faults)):
            events = (change.n, *(body.begin.n for body in mine[-3:]))
            yield Finding(f"{task.key} {problem} since {moment(change.t)}; {_tries(task, mine)}", events)


def _problem(task: Submission, state: str | None, ran: list[Body], *, faults: bool) -> str | None:
    if state not in TERMINAL:
        return f"is left {state or 'deleted'}"
    wanted = _wanted(task, faults=faults)
    if wanted in (None, state) or (state == "failed" and _worn_out(task, ran)):
        return None
    return f"is {state} and should be {wanted},"


def _wanted(task: Submission, *, faults: bool) -> str | None:
    """The state to end in; None where any terminal state will do."""
    if all(attempt in task.failing_tries for attempt in range(1, task.retries + 2)):
        return "failed"
    # without retries one fault is enough to fail it, and rightly so
    return "success" if task.retries or not faults else None


def _worn_out(task: Submission, ran: list[Body]) -> bool:
    """Whether every try was planned to fail or was cut short while its body ran: then no try was left."""
    cut = {body.attempt for body in ran if body.end is None or body.end.type == "info"}
    return all(attempt in cut or attempt in task.failing_tries for attempt in range(1, task.retries + 2))


def _tries(task: Submission, ran: list[Body]) -> str:
    if not ran:
        return "its body never ran"
    begun = len({body.attempt for body in ran})
    return f"{begun} of {task.retries + 1} tries ran, the last on {ran[-1].worker}"
