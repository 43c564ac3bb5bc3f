"""Every task finishes: in a terminal state, and in the one that its body and its retries lead to."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.explaining import explained
from harness.invariants.registry import Finding, liveness
from harness.model.bodies import Body, bodies, task_of
from harness.model.history import Event, History
from harness.model.lifecycle import TERMINAL
from harness.model.moments import moment
from harness.model.plan import Plan, Submission


@liveness
def every_task_finishes(history: History, plan: Plan) -> Iterator[Finding]:
    """Each task ends in a terminal state: failed where each of its tries failed by plan or by a fault, else success."""
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
        if problem := _problem(task, change, mine, plan):
            events = (change.n, *(body.begin.n for body in mine[-3:]))
            yield Finding(f"{task.key} {problem} since {moment(change.t)}; {_tries(task, mine)}", events)


def _problem(task: Submission, change: Event, ran: list[Body], plan: Plan) -> str | None:
    state = change.value.get("new")
    if state not in TERMINAL:
        return f"is left {state or 'deleted'}"
    wanted = "failed" if all(attempt in task.failing_tries for attempt in _attempts(task)) else "success"
    if state == wanted or (state == "failed" and _worn_out(task, change, ran, plan)):
        return None
    return f"is {state} and should be {wanted},"


def _worn_out(task: Submission, change: Event, ran: list[Body], plan: Plan) -> bool:
    """Whether every try was planned to fail, or cut short while its body ran by what a fault explains."""
    if not task.retries:  # then one fault is enough to fail it, whether its body ran, and how that ended
        worker = ran[-1].worker if ran else None
        return explained(plan, worker, by=change.t)
    cut = {body.attempt for body in ran if _cut(body, plan)}
    return all(attempt in cut or attempt in task.failing_tries for attempt in _attempts(task))


def _cut(body: Body, plan: Plan) -> bool:
    return (body.end is None or body.end.type == "info") and explained(plan, body.worker, by=body.ends)


def _attempts(task: Submission) -> range:
    return range(1, task.retries + 2)


def _tries(task: Submission, ran: list[Body]) -> str:
    if not ran:
        return "its body never ran"
    begun = len({body.attempt for body in ran})
    return f"{begun} of {task.retries + 1} tries ran, the last on {ran[-1].worker}"
