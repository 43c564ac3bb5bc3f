"""Slots are never exceeded: what runs on a worker at once fits into its slots."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan


@safety
def slots_are_never_exceeded(history: History, plan: Plan) -> Iterator[Finding]:
    """The slots of the bodies that run on a worker at once are never more than it has."""
    slots = {worker.name: worker.slots for worker in plan.workers}
    running: dict[str, dict[int, Body]] = {name: {} for name in slots}
    used = dict.fromkeys(slots, 0)
    for _, begins, n, body in sorted(_edges(history), key=lambda edge: edge[:3]):
        name = body.worker
        if name not in slots:
            continue
        if not begins:
            del running[name][n]
            used[name] -= body.slots
            continue
        before, used[name] = used[name], used[name] + body.slots
        running[name][n] = body
        if before <= slots[name] < used[name]:
            events = tuple(running[name])[-4:]
            yield Finding(
                f"{name} ran {used[name]} slots' worth of tasks at {moment(body.begins)}, it has {slots[name]}",
                events,
            )


def _edges(history: History) -> Iterator[tuple[int, bool, int, Body]]:
    """(time, whether it begins, its ordinal, body): at one moment an end comes before a begin, as it frees slots."""
    for body in bodies(history):
        if body.end is None or body.ends > body.begins:
            yield body.begins, True, body.begin.n, body
        if body.end is not None and body.ends > body.begins:
            yield body.ends, False, body.begin.n, body
