"""Every fault that can strike a call, at every call: a matrix without chance and without gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import BadParameter
from harness.model.plan import Plan
from harness.search.cells import Cell, Moment, moments, plan_of
from harness.search.journal import Record, header, opened
from harness.search.outcome import Runner, State, simulated
from harness.search.pool import Job
from harness.search.searching import Means, carry_on


def quiet_moments(quiet: Plan, runner: Runner = simulated) -> list[Moment]:
    """The calls that the plan makes when nothing goes wrong. Raises BadParameter where it makes none."""
    found = moments(runner(replace(quiet, faults=())), quiet)
    if not found:
        raise BadParameter(
            f"{quiet.scenario} makes no call that a fault could strike: give it workers and tasks"
        )
    return found


def exhaust(quiet: Plan, chosen: Sequence[Cell], *, folder: Path, means: Means) -> list[Record]:
    """Run every cell that the folder does not have yet; the plan and the story of each that fails are kept there.

    Returned are the records of the cells chosen. Raises UsageError where the folder has another search, NotWritten.
    """
    keys = {cell.key for cell in chosen}
    of = {
        "scenario": quiet.scenario,
        "workers": sorted({str(worker.kind) for worker in quiet.workers}),
        "quiet plan": quiet.digest(),
    }
    with opened(folder, header("exhaust", **of)) as journal:
        records = carry_on(_jobs(quiet, chosen), journal, means, worth_keeping=_worth_keeping)
        return [record for record in records if record.key in keys]


def _jobs(quiet: Plan, chosen: Sequence[Cell]) -> Iterator[Job]:
    for cell in chosen:
        if plan := plan_of(cell, quiet):
            yield Job(key=cell.key, plan=plan)


def _worth_keeping(record: Record, _: object) -> bool:
    return record.outcome.state not in {State.VALID, State.NOT_EXERCISED}
