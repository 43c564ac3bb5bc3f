"""What Airflow is configured to bear costs no task a try: one call that goes wrong, or replies slower than usual."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, liveness
from harness.model.bodies import task_of
from harness.model.faults import DelayReplies, DelayRequests, Latency, OnCalls
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.options import values
from harness.model.plan import Plan, Submission
from harness.units import seconds

_FAILED = ("failed", "up_for_retry")


@liveness
def tolerable_faults_cost_no_try(history: History, plan: Plan) -> Iterator[Finding]:
    """One call that goes wrong, or calls slower than usual but within the configured timeout, fail no try and no job."""
    if not _tolerable(history, plan):
        return
    tasks = {task.key: task for task in plan.submissions}
    for event in history.where(witness="server", test=_is_failure):
        task = tasks.get(task_of(event))
        if task is not None and int(event.value.get("try_number", 1)) not in task.failing_tries:
            what = "job" if event.f == "edge_job" else "task"
            yield Finding(
                f"the {what} of {task.key} is {event.value['new']} at {moment(event.t)}, after {_storm(plan)}",
                (event.n,),
            )
    yield from _unfinished(history, plan)


def _unfinished(history: History, plan: Plan) -> Iterator[Finding]:
    last: dict[str, Event] = {}
    for event in history.where(witness="server", f="task_instance"):
        last[task_of(event)] = event
    for task in plan.submissions:
        change = last.get(task.key)
        if change is not None and not _over(change, task):
            yield Finding(f"{task.key} is left {change.value.get('new')}, after {_storm(plan)}", (change.n,))


def _over(change: Event, task: Submission) -> bool:
    wanted = "failed" if len(task.failing_tries) > task.retries else "success"
    return change.value.get("new") in (wanted, *_FAILED)  # what failed has been told above


def _is_failure(event: Event) -> bool:
    return event.f in ("task_instance", "edge_job") and event.value.get("new") in _FAILED


def _tolerable(history: History, plan: Plan) -> bool:
    told = history.where(witness="nemesis", f="fault.end")
    strikes = sum(int(event.value.get("strikes", 0)) for event in told)
    if strikes <= 1 and all(isinstance(fault, OnCalls) for fault in plan.faults):
        return True
    timeout = seconds(values(plan.options)["workers.execution_api_timeout"])
    return all(
        isinstance(fault, (DelayReplies, DelayRequests, Latency)) and fault.delay < timeout
        for fault in plan.faults
    )


def _storm(plan: Plan) -> str:
    return ", ".join(type(fault).__name__ for fault in plan.faults) or "nothing"
