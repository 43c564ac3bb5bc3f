"""What a history must be to come of a run of its plan: header, acts, who took part, which tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from reprlib import repr as short

from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.model.plan_checks import SERVER_SIDE
from harness.units import nanoseconds, seconds

WORLDS = ("sim", "live")
ACTS = ("storm", "calm", "end")
_DRIVER = frozenset({"driver"})
_SLACK = nanoseconds(seconds(1))


def wrong_history(history: History, plan: Plan) -> Iterator[str]:
    """What no run of the plan can have written, the worst first; nothing where all is as it may be."""
    for check in CHECKS:
        yield from check(history, plan)


def _wrong_header(history: History, plan: Plan) -> Iterator[str]:
    for name, planned in (("scenario", plan.scenario), ("seed", plan.seed)):
        found = history.header.get(name)
        if type(found) is not type(planned) or found != planned:
            yield f"its header has {name}={short(found)} and the plan {short(planned)}"
    if (world := history.header.get("world")) not in WORLDS:
        yield f"its header has world={short(world)}, which is none of {', '.join(WORLDS)}"


def _wrong_acts(history: History, plan: Plan) -> Iterator[str]:
    acts = list(history.where(witness="world", f="act"))
    names = [str(event.value["act"]) for event in acts]
    if names[-1:] != ["end"]:
        yield "it is truncated: its run does not end"
        return
    if tuple(names) != ACTS:
        yield f"its acts are {short(names)}, not {', '.join(ACTS)}"
        return
    until, settle = nanoseconds(plan.until), nanoseconds(plan.settle)
    for event, name, due in zip(acts, ACTS, (0, until, until + settle), strict=True):
        # a machine that has much to do is late in a live world; nothing is in the simulation
        late = event.t > due + _SLACK and history.header.get("world") == "sim"
        if event.t < due - _SLACK or late:
            yield f"its act {name} is at {moment(event.t)}, and the plan's at {moment(due)}"


def _strangers(history: History, plan: Plan) -> Iterator[str]:
    """Events of somebody who takes no part in the plan."""
    workers = frozenset(worker.name for worker in plan.workers)
    actors = {
        "client": workers,
        "body": workers,
        "server": SERVER_SIDE,
        "nemesis": frozenset({"nemesis"}),
        "world": workers | SERVER_SIDE,  # a server of its own can end by itself too
    }
    for event in history:
        driven = event.f in ("act", "task.submit")
        if event.process not in (_DRIVER if driven else actors[event.witness]):
            yield f"event {event.n} is of {short(event.process)}, of whom the plan has no {event.witness} event"


def _wrong_tasks(history: History, plan: Plan) -> Iterator[str]:
    planned = {task.key: task for task in plan.submissions}
    submitted = Counter(event.value["task"] for event in history.where(witness="world", f="task.submit"))
    for task in submitted - Counter(planned.keys()):
        yield f"{short(task)} was submitted {'twice' if task in planned else 'and is not planned'}"
    yield from (f"{short(task)} was never submitted" for task in planned if task not in submitted)
    for event in history.where(witness="body"):
        task, slots = event.value["task"], event.value.get("slots")
        if task not in planned:
            yield f"event {event.n} is a body of {short(task)}, which is not planned"
        elif slots is not None and slots != planned[task].slots:
            yield f"event {event.n} is a body of {slots} slots, and {task} has {planned[task].slots}"


def _wrong_faults(history: History, plan: Plan) -> Iterator[str]:
    for event in history.where(witness="nemesis"):
        if not 0 <= event.value["fault"] < len(plan.faults):
            yield f"event {event.n} is of fault {event.value['fault']}, which is not planned"


CHECKS: tuple[Callable[[History, Plan], Iterator[str]], ...] = (
    _wrong_header,
    _wrong_acts,
    _strangers,
    _wrong_tasks,
    _wrong_faults,
)
"""Each says what is wrong with a history whose events are each as their kind must be."""
