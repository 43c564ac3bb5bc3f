"""Results are kept: a task that succeeded has its return value as XCom."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, Unwitnessed, safety, sampled
from harness.model.bodies import task_of
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan

KEY = "return_value"


@safety
def results_are_kept(history: History, plan: Plan) -> Iterator[Finding]:
    """Each task that succeeded, and returns something by plan, has its XCom on the server when the run is over."""
    won: dict[str, Event] = {}
    has: dict[str, Event] = {}
    for event in history.where(witness="server"):
        if event.f == "task_instance" and event.value.get("new") == "success":
            won.setdefault(task_of(event), event)
        elif event.f == "xcom" and event.value.get("xcom_key") == KEY:
            has[task_of(event)] = event
    if not has and any(sampled(event) for event in won.values()):
        raise Unwitnessed("the server told of its tasks and not of their XComs")
    for task in plan.submissions:
        if not task.xcom_bytes or task.key not in won:
            continue
        success, last = won[task.key], has.get(task.key)
        if last is None:
            yield Finding(
                f"{task.key} succeeded at {moment(success.t)} and its result was never stored", (success.n,)
            )
        elif last.value.get("new") is None:
            yield Finding(
                f"{task.key} succeeded at {moment(success.t)} and its result was deleted at {moment(last.t)}",
                (success.n, last.n),
            )
