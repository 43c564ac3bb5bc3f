"""The cells of the exhaustive search: each call in the life of a task and a worker × each fault × how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import combinations

from harness.errors import BadPlan
from harness.model.faults import Fault
from harness.model.history import History
from harness.model.operations import NAMES
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.scenario import Scenario, Tasks
from harness.search.kinds import KINDS, Aim, Kind, Span
from harness.units import minutes, seconds

WORKERS_MOST, SLOTS_MOST, TASKS_MOST = 2, 2, 3
UNTIL, SETTLE = minutes(4), minutes(18)
"""The calm is long enough for what Airflow takes longest to mend: a task stuck in queued, 10 to 12 minutes."""

RETRY_DELAY = minutes(5)
"""Longer than the storm: a fault that stays does not use up the tries before it ends."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A call as quiet weather has it for the first time: `jobs.state running`, the operation, when it is made."""

    label: str
    call: str
    at: timedelta


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One or more faults, each at a call: `jobs.fetch × reply lost, reset × once`."""

    parts: tuple[tuple[Moment, Kind, Span], ...]

    @property
    def key(self) -> str:
        """What names the cell, in this search and in others of the same kind."""
        return " + ".join(f"{moment.label} × {kind.name} × {span}" for moment, kind, span in self.parts)


def small(scenario: Scenario) -> Scenario:
    """The scenario with few workers and short tasks, and quiet weather for the one fault of a cell."""
    fleet, tasks = scenario.fleet, scenario.tasks
    return replace(
        scenario,
        fleet=replace(fleet, count=min(fleet.count, WORKERS_MOST), slots=min(fleet.slots, SLOTS_MOST)),
        tasks=_few(tasks),
        faults=(),
        until=UNTIL,
        settle=SETTLE,
    )


def _few(tasks: Tasks) -> Tasks:
    low, high = tasks.lasting
    count = min(tasks.count, TASKS_MOST)
    return replace(
        tasks,
        count=count,
        lasting=(min(low, seconds(10)), min(high, seconds(30))),
        over=min(tasks.over, seconds(10)),
        retries=max(tasks.retries, 1),
        retry_delay=RETRY_DELAY,
        failing_first=min(tasks.failing_first, count),
    )


def moments(history: History, plan: Plan) -> list[Moment]:
    """The calls of a quiet run, each by its first time in the storm's."""
    found: dict[str, Moment] = {}
    for call, label, t in _calls(history):
        at = timedelta(microseconds=t // 1_000)
        if call in NAMES and at < plan.until:
            found.setdefault(label, Moment(label=label, call=call, at=at))
    return list(found.values())


def _calls(history: History) -> Iterator[tuple[str, str, int]]:
    """Each call with what tells its kinds apart: the state it reports, whether a fetch got a job."""
    jobs = {
        event.value["call"] for event in history.where(witness="client", type="ok") if event.value.get("job")
    }
    for event in history.where(witness="client", type="invoke"):
        detail = event.value.get("state") or ("with a job" if event.value["call"] in jobs else "")
        yield event.f, f"{event.f} {detail}".strip(), event.t


def cells(
    found: Sequence[Moment],
    *,
    calls: str = "*",
    faults: str = "*",
    spans: Iterable[Span] = Span,
    pairs: bool = False,
    kinds: Sequence[Kind] = KINDS,
) -> list[Cell]:
    """Every cell whose call and fault fit the patterns; with `pairs`, every two of them."""
    chosen = [
        (moment, kind, span)
        for moment in found
        if fnmatchcase(moment.label, calls)
        for kind in kinds
        if fnmatchcase(kind.name, faults)
        for span in spans
        if span in kind.spans
    ]
    if pairs:
        return [Cell(parts=two) for two in combinations(chosen, 2)]
    return [Cell(parts=(one,)) for one in chosen]


def plan_of(cell: Cell, quiet: Plan) -> Plan | None:
    """The quiet plan with the cell's faults; None where two of them cannot be together."""

    def fault(moment: Moment, kind: Kind, span: Span) -> Fault:
        aim = Aim(call=moment.call, at=moment.at, end=quiet.until, span=span, way=quiet.link.delay)
        return kind.make(aim)

    faults = sorted((fault(*part) for part in cell.parts), key=lambda each: each.at)
    plan = replace(quiet, faults=tuple(faults))
    try:
        check_plan(plan)
    except BadPlan:
        if len(cell.parts) == 1:
            raise
        return None
    return plan
