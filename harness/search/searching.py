"""What exhausting and swarming share: run the plans that were not run yet, note each, keep those that fail."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.model.plan import Plan
from harness.model.plan_file import plan_to_json
from harness.report.store import PLAN, STORY
from harness.search.journal import Journal, Record, told_if_full
from harness.search.outcome import Examined, Runner, State, examine, simulated
from harness.search.pool import Job, gather

Telling = Callable[[list[Record]], None]
"""Is told all records so far after each new one."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """With what a search runs: the pool, how many plans may wait in it, what runs one, whom to tell."""

    pool: Executor
    at_once: int = 2
    runner: Runner = simulated
    tell: Telling = lambda records: None


def carry_on(
    jobs: Iterable[Job],
    journal: Journal,
    means: Means,
    *,
    worth_keeping: Callable[[Record, list[Record]], bool],
) -> list[Record]:
    """Run each job that the journal does not have, and return its records. Raises NotWritten."""
    done = {(record.key, record.plan) for record in journal.records}
    seen = {behaviour for record in journal.records for behaviour in record.new}
    left = (_placed(job, journal.folder) for job in jobs if (job.key, job.plan.digest()) not in done)
    calls = ((job, partial(examine, job.plan, means.runner, job.replay)) for job in left)
    for job, examined in gather(means.pool, calls, at_once=means.at_once):
        record = Record(
            key=job.key,
            plan=job.plan.digest(),
            outcome=examined.outcome,
            new=tuple(sorted(examined.behaviours - seen)),
        )
        seen |= examined.behaviours
        if worth_keeping(record, journal.records):
            record = replace(record, kept=_keep(journal.folder, job, examined))
        journal.append(record)
        means.tell(journal.records)
    return journal.records


def failures(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The plans that were invalid or unknown or ended in an error, by signature, the most frequent first."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.outcome.state in {State.INVALID, State.UNKNOWN, State.ERROR}:
            groups.setdefault(record.outcome.signature, []).append(record)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def groups_as_text(records: Iterable[Record], folder: Path) -> Iterator[str]:
    """Each failure: how often, what is broken, the first summary, and the command that replays one of its plans."""
    for group in failures(records).values():
        first = next((record for record in group if record.kept), group[0])
        broken = ", ".join(first.outcome.broken) or str(first.outcome.state)
        yield f"{len(group)} × {broken}"
        yield f"    {first.outcome.summary}"
        if first.kept:
            yield f"    {replay_command(folder / first.kept)}"


def replay_command(folder: Path) -> str:
    """The command that runs the plan which is kept in that folder."""
    return shlex.join(["harness", "replay", str(folder / PLAN)])


def _place(key: str) -> Path:
    return Path("plans") / re.sub(r"[^\w.]+", "-", key).strip("-.")


def _placed(job: Job, folder: Path) -> Job:
    return replace(job, replay=replay_command(folder / _place(job.key)))


def _keep(folder: Path, job: Job, examined: Examined) -> str:
    """Store plan and story; the same again, should a search have been broken off just then."""
    place = _place(job.key)
    with told_if_full(folder):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / PLAN).write_text(plan_to_json(job.plan), encoding="utf-8")
        (folder / place / STORY).write_text(
            examined.story or examined.outcome.summary + "\n", encoding="utf-8"
        )
    return str(place)


def without_faults(plan: Plan) -> Plan:
    """The same plan in quiet weather."""
    return replace(plan, faults=())
