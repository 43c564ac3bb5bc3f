"""Every worker rejoins: after the storm each one that lives is heard of and takes work, to the end of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase

from harness.invariants.registry import Finding, liveness
from harness.model.bodies import act, bodies
from harness.model.fault_checks import ends_processes
from harness.model.faults import Fault, OnHost, OutOfMemory
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.options import values
from harness.model.plan import Plan, PlannedWorker
from harness.model.scenario import Workers
from harness.units import minutes, nanoseconds, seconds

WINDOW = minutes(2)
"""How long before the end of the run a worker must have been heard of. An EdgeWorker heartbeats every 30 s."""

_SIGNS = ("worker.set_state", "jobs.fetch")
_RESTS = "maintenance"


@liveness
def every_worker_rejoins(history: History, plan: Plan) -> Iterator[Finding]:
    """Each worker that no fault killed for good fetches in the calm's last two minutes; a full one is heard of at least."""
    calm, end = act(history, "calm"), act(history, "end")
    stop = end.n if end else len(history)  # what a worker says when it is stopped is no sign of life
    over = end.t if end else history[-1].t if len(history) else 0
    since = max(calm.t if calm else 0, over - nanoseconds(WINDOW))
    # who fetches more seldom need not have fetched
    fetching = over - since >= 2 * nanoseconds(seconds(values(plan.options)["edge.job_poll_interval"]))
    heard, fetched, fate = _signs(history, stop)
    used = _used(history, since)
    for worker in plan.workers:
        name = worker.name
        if _killed_for_good(worker, plan):
            continue
        last = heard.get(name)
        if last is None or last.t < since:
            events = tuple(event.n for event in (last, fate.get(name)) if event)
            yield Finding(_summary(name, last, fate.get(name), since), events)
        elif fetching and used[name] < worker.slots and not _rests(last):
            took = fetched.get(name)
            if took is None or took.t < since:
                yield Finding(
                    _idle(name, last, took, since), tuple(event.n for event in (took, last) if event)
                )


def _used(history: History, since: int) -> Counter[str]:
    """By worker, the slots of all bodies that ran since then: one whose slots they fill may have had none free."""
    used: Counter[str] = Counter()
    for body in bodies(history):
        if body.ends >= since:
            used[body.worker] += body.slots
    return used


def _rests(heard: Event) -> bool:
    """Whether it was told to take no work."""
    return _RESTS in str(heard.value.get("state"))


def _signs(history: History, stop: int) -> tuple[dict[str, Event], dict[str, Event], dict[str, Event]]:
    """By worker: its last heartbeat or fetch that went well, its last fetch, and how it, or a part of it, ended."""
    heard: dict[str, Event] = {}
    fetched: dict[str, Event] = {}
    fate: dict[str, Event] = {}
    for event in history:
        if event.n >= stop:
            break
        if event.witness == "client":
            if event.type == "ok" and event.f in _SIGNS:
                heard[event.process] = event
                if event.f == "jobs.fetch":
                    fetched[event.process] = event
        elif event.witness == "world":
            if event.f == "worker.start":
                fate.pop(event.process, None)
            elif event.f == "worker.exit" or (event.f == "worker.background" and event.process not in fate):
                fate[event.process] = event
    return heard, fetched, fate


def _killed_for_good(worker: PlannedWorker, plan: Plan) -> bool:
    return any(
        isinstance(fault, OnHost)
        and getattr(fault, "lasting", None) is None
        and fnmatchcase(worker.name, fault.target)
        and (ends_processes(fault) or _is_its_task(worker, fault))
        for fault in plan.faults
    )


def _is_its_task(worker: PlannedWorker, fault: Fault) -> bool:
    """Whether a task that is killed is the worker itself: a scripted one runs its tasks in its own process."""
    return isinstance(fault, OutOfMemory) and worker.kind is Workers.SCRIPTED


def _summary(name: str, last: Event | None, fate: Event | None, since: int) -> str:
    # its own: the calls of its tasks are no sign of it, they may go on where it has long ended
    heard = (
        f"its own last heartbeat or fetch that went well was {last.f} at {moment(last.t)}"
        if last
        else "it never was before"
    )
    parts = [_fate(fate), heard] if fate else [heard]
    return f"{name} was not heard of after {moment(since)}: {'; '.join(parts)}"


def _idle(name: str, heard: Event, took: Event | None, since: int) -> str:
    before = f"its last fetch that went well was at {moment(took.t)}" if took else "it never did"
    return f"{name} had a slot free and did not fetch after {moment(since)}: {before}; {heard.f} at {moment(heard.t)}"


def _fate(event: Event) -> str:
    value = event.value
    if event.f == "worker.exit":
        return f"it exited at {moment(event.t)} ({value.get('error') or value.get('reason')})"
    return f"its {value.get('what')} died at {moment(event.t)} ({value.get('error')})"
