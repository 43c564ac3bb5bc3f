"""Slots are never exceeded: what runs on a worker at once fits into its slots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies
from harness.model.history import History
from harness.model.moments import moment, span
from harness.model.plan import Plan

MOST = 12
"""So many bodies are named in a counterexample; its events show all of them."""


@safety
def slots_are_never_exceeded(history: History, plan: Plan) -> Iterator[Finding]:
    """The slots of the bodies that run on a worker at once are never more than it has."""
    loads = {worker.name: _Load(worker.name, worker.slots) for worker in plan.workers}
    found: list[tuple[int, Finding]] = []
    for t, begins, n, body in sorted(_edges(history), key=lambda edge: edge[:3]):
        load = loads.get(body.worker)
        if load is None:
            continue
        if begins:
            load.begin(t, n, body)
        elif finding := load.end(t, n):
            found.append(finding)
    last = history[-1].t if len(history) else 0
    found += [load.tell(last) for load in loads.values() if load.involved]
    yield from (finding for _, finding in sorted(found))


@dataclass
class _Load:
    """What runs on one worker; `involved` are the bodies of the excess that lasts, none where there is none."""

    name: str
    slots: int
    running: dict[int, Body] = field(default_factory=dict)
    involved: dict[int, Body] = field(default_factory=dict)
    since: int = 0
    peak: int = 0
    peaked: int = 0

    @property
    def used(self) -> int:
        return sum(body.slots for body in self.running.values())

    def begin(self, t: int, n: int, body: Body) -> None:
        self.running[n] = body
        if self.used <= self.slots:
            return
        if not self.involved:
            self.since, self.peak = t, 0
        self.involved |= self.running
        if self.used > self.peak:
            self.peak, self.peaked = self.used, t

    def end(self, t: int, n: int) -> tuple[int, Finding] | None:
        """The excess, where the end of that body is its end."""
        del self.running[n]
        return self.tell(t) if self.involved and self.used <= self.slots else None

    def tell(self, until: int) -> tuple[int, Finding]:
        """When the excess began, and all of it."""
        involved, self.involved = self.involved, {}
        text = (
            f"{self.name} ran {self.peak} slots' worth of tasks at {moment(self.peaked)} and has {self.slots};"
            f" it ran more than that {span(self.since, until)}: {_names(list(involved.values()))}"
        )
        return self.since, Finding(text, tuple(sorted(involved)))


def _names(ran: list[Body]) -> str:
    names = [body.task for body in ran[:MOST]]
    return ", ".join(names) + (f" and {len(ran) - MOST} more" if len(ran) > MOST else "")


def _edges(history: History) -> Iterator[tuple[int, bool, int, Body]]:
    """(time, whether it begins, its ordinal, body): at one moment an end comes before a begin, as it frees slots."""
    for body in bodies(history):
        if body.end is None or body.ends > body.begins:
            yield body.begins, True, body.begin.n, body
        if body.end is not None and body.ends > body.begins:
            yield body.ends, False, body.begin.n, body
