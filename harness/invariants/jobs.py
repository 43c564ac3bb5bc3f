"""Every job is accounted for: the edge jobs are all over in the end, whoever was handed them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, Unwitnessed, liveness, sampled
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan

_OPEN = ("queued", "restarting", "running")


@liveness
def every_job_is_accounted_for(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """No edge job is left waiting, handed out or running when the run is over."""
    last: dict[str, Event] = {}
    handed: dict[str, Event] = {}
    heard: dict[str, Event] = {}
    for event in history:
        if event.witness == "server" and event.f == "edge_job":
            job = _job(event)
            last[job] = event
            if (event.value.get("old"), event.value.get("new")) == ("queued", "restarting"):
                handed[job] = event
        elif event.witness == "client" and event.f == "jobs.fetch" and event.type == "ok":
            heard[event.value.get("job") or ""] = event
    if not last and any(sampled(event) for event in history.where(witness="server", f="task_instance")):
        raise Unwitnessed("the server told of its tasks and of no edge job")
    for job, event in last.items():
        if event.value.get("new") in _OPEN:
            yield _finding(job, event, handed.get(job), heard.get(job))


def _job(event: Event) -> str:
    """`dag/task/run/try/map`, as the client names it."""
    value = event.value
    return "/".join(
        str(value.get(name)) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index")
    )


def _finding(job: str, event: Event, handed: Event | None, heard: Event | None) -> Finding:
    state = event.value["new"]
    text = f"job {job} is left {state} since {moment(event.t)}"
    if state == "queued":
        return Finding(f"{text}: nobody fetched it", (event.n,))
    if handed is None:
        return Finding(text, (event.n,))
    worker = handed.value.get("worker", "a worker")
    if heard is None or heard.n < handed.n:
        return Finding(f"{text}: handed to {worker}, which never heard the reply", (handed.n, event.n))
    return Finding(f"{text}: handed to {worker}, which heard the reply", (handed.n, heard.n, event.n))
