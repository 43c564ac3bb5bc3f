"""Reports match bodies: what is said of the end of a try is what its body did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.invariants.explaining import explained
from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies, task_of
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import nanoseconds, seconds

SKEW = nanoseconds(seconds(1))
"""How far the clock of a server's database may be behind that of the bodies. In the simulation there is one clock."""

_FAILURES = ("failed", "up_for_retry")


@safety
def reports_match_bodies(history: History, plan: Plan) -> Iterator[Finding]:
    """Only a try whose body ended well is said to have succeeded; where no fault explains it, none such to have failed.

    Said by the worker that reports it, or by the server that stores it. The executor is told of success where the
    worker did its part, however the body ended: but there has to be one, or an end that was reported without.
    """
    ran: defaultdict[str, list[Body]] = defaultdict(list)
    for body in bodies(history):
        ran[body.ti].append(body)
    tries = {(body.task, body.attempt) for each in ran.values() for body in each}
    names: dict[str, str] = {}
    told: set[str] = set()
    ended: set[str] = set()  # the tasks of which some end was reported
    for event in history:
        if event.witness == "server" and event.f == "task_instance":
            names |= dict.fromkeys(
                (str(event.value.get(which)) for which in ("key", "new_id")), task_of(event)
            )
        job = _job_said_to_have_succeeded(event)
        if job and job not in tries and job[0] not in ended:
            what = f"told the executor at {moment(event.t)} that the job of {job[0]} (try {job[1]}) succeeded"
            yield Finding(f"{event.process} {what}: its body never ran", (event.n,))
        ti, state = _said(event)
        if state:
            ended.add(names.get(ti, ti))
        if state and ti not in told and (wrong := _wrong(event, state, ran.get(ti, []), plan)):
            told.add(ti)
            name = names.get(ti, ti)
            yield Finding(
                f"{event.process} had {name} as {state} at {moment(event.t)}: {wrong}", _shown(ran[ti], event)
            )


def _job_said_to_have_succeeded(event: Event) -> tuple[str, int] | None:
    """The task and the try of a job that its worker reports as a success."""
    value = event.value
    if event.witness != "client" or event.f != "jobs.state" or event.type != "invoke":
        return None
    if value.get("state") != "success":
        return None
    return f"{value.get('dag')}/{value.get('task')}/{value.get('run')}", int(value.get("try", 1))


def _said(event: Event) -> tuple[str, str]:
    """The id of a task instance and the state in which its try is said to have ended; empty for other events."""
    value = event.value
    if event.witness == "client" and event.f == "ti.state" and event.type == "invoke":
        return str(value.get("ti", "")), str(value.get("state", ""))
    if event.witness == "server" and event.f == "task_instance" and value.get("new") == "success":
        return str(value.get("key", "")), "success"
    return "", ""


def _wrong(event: Event, state: str, ran: list[Body], plan: Plan) -> str | None:
    well = [body for body in ran if _ended_well(body, event)]
    if state == "success" and not well:
        return _instead(ran[-1]) if ran else "its body never ran"
    if state in _FAILURES and well and not explained(plan, well[0].worker, by=event.t):
        return f"its body had ended well at {moment(well[0].ends)}, and no fault explains it"
    return None


def _ended_well(body: Body, event: Event) -> bool:
    """Whether it had when that was said."""
    end, late = body.end, SKEW if event.witness == "server" else 0
    return end is not None and end.type == "ok" and (end.n < event.n or end.t < event.t + late)


def _instead(body: Body) -> str:
    if body.end is None:
        return f"its body never ended on {body.worker}"
    how = {"ok": "went on until", "fail": "failed at", "info": "was killed at"}[body.end.type]
    return f"its body {how} {moment(body.ends)} on {body.worker}"


def _shown(ran: list[Body], event: Event) -> tuple[int, ...]:
    return (*(n for body in ran[-2:] for n in body.ordinals), event.n)
