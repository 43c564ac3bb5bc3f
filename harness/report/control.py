"""What the faults changed: a run beside its control, the same plan in quiet weather. A pure function of two histories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.model.bodies import task_of
from harness.model.history import History
from harness.model.lifecycle import TERMINAL
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.report.numbers import count


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One thing that was measured of both: in nanoseconds where it is `time`, else a number. None: it never came."""

    name: str
    quiet: int | None
    storm: int | None
    time: bool = False

    @property
    def changed(self) -> bool:
        """Whether the faults made a difference."""
        return self.quiet != self.storm


def control_of(plan: Plan) -> Plan:
    """The same plan without its faults, and without the promise that they strike."""
    kept = tuple(each for each in plan.invariants if each != "every_fault_struck")
    return replace(plan, faults=(), invariants=kept or plan.invariants)


def measures(storm: History, quiet: History, plan: Plan) -> tuple[Measure, ...]:
    """The run and its control, measure by measure; both are of that plan, but for its faults."""
    a, b = count(quiet, plan), count(storm, plan)
    numbers = (
        ("tasks succeeded", a.succeeded, b.succeeded),
        ("tasks failed", a.failed, b.failed),
        ("tasks retried", a.retried, b.retried),
        ("body runs", a.bodies, b.bodies),
        ("API calls", a.calls, b.calls),
        ("calls lost", a.lost, b.lost),
        ("calls refused", a.refused, b.refused),
        ("connections failed", a.unconnected, b.unconnected),
    )
    last = Measure(name="last task over", quiet=_last(quiet), storm=_last(storm), time=True)
    return (last, *(Measure(name=name, quiet=one, storm=other) for name, one, other in numbers))


def _last(history: History) -> int | None:
    """When the last of the tasks came to its end; None where one never did."""
    over: dict[str, int | None] = {}
    for event in history.where(witness="server", f="task_instance"):
        over[task_of(event)] = event.t if event.value.get("new") in TERMINAL else None
    ends = list(over.values())
    found = [end for end in ends if end is not None]
    return max(found) if ends and len(found) == len(ends) else None


def as_text(found: tuple[Measure, ...]) -> Iterator[str]:
    """A line for what changed, a line for what did not."""
    changed = [
        f"{each.name} {_said(each, each.storm)} (without {_said(each, each.quiet)})"
        for each in found
        if each.changed
    ]
    yield f"changed: {'; '.join(changed) or 'nothing that is measured'}"
    if same := [each.name for each in found if not each.changed]:
        yield f"not: {', '.join(same)}"


def _said(measure: Measure, value: int | None) -> str:
    if value is None:
        return "never"
    return moment(value) if measure.time else f"{value:,}"


def as_json(found: tuple[Measure, ...]) -> dict[str, dict[str, int | float | None]]:
    """By name: `quiet`, `storm`; times in seconds."""
    return {
        each.name.replace(" ", "_"): {
            "quiet": _number(each, each.quiet),
            "storm": _number(each, each.storm),
        }
        for each in found
    }


def _number(measure: Measure, value: int | None) -> int | float | None:
    return value / 1e9 if measure.time and value is not None else value
