"""Storms by the seed, until there have been enough; what fails is told apart by its signature."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from harness.model.faults import FAULTS, Fault
from harness.model.plan import Plan
from harness.model.scenario import Scenario, Workers
from harness.search.journal import Record, header, opened
from harness.search.outcome import State
from harness.search.pool import Job
from harness.search.searching import Means, carry_on
from harness.search.storms import storm_plan


def swarm(
    scenarios: Mapping[str, Scenario],
    *,
    seeds: int | None,
    seconds: float | None,
    folder: Path,
    means: Means,
    workers: Workers | None = None,
    kinds: Sequence[type[Fault]] = FAULTS,
) -> list[Record]:
    """Run the storms of the seeds 1 to `seeds`, or as many as begin within `seconds`, on each scenario; of those `kinds` of faults.

    What the folder has is not run again. The first plan of each signature is kept there. Raises UsageError where the
    folder has another search, NotWritten.
    """
    draw = partial(storm_plan, workers=workers, kinds=kinds)
    of = {
        "scenarios": {name: _described(draw, scenario) for name, scenario in scenarios.items()},
        "workers": workers,
        **({} if kinds == FAULTS else {"faults": [kind.__name__ for kind in kinds]}),
    }
    with opened(folder, header("swarm", **of)) as journal:
        jobs = _jobs(scenarios, seeds, seconds, draw, done={record.key for record in journal.records})
        records = carry_on(jobs, journal, means, worth_keeping=_first_of_its_signature)
        wanted = {key for key, _, _ in _named(scenarios, seeds)} if seeds else None
        return [record for record in records if wanted is None or record.key in wanted]


def _described(draw: Callable[..., Plan], scenario: Scenario) -> str:
    """What tells a scenario from another one of the same name: its plan of the first seed."""
    return draw(scenario, 1, name="swarm").digest()


def _named(scenarios: Mapping[str, Scenario], seeds: int | None) -> Iterator[tuple[str, str, int]]:
    for seed in itertools.count(1) if seeds is None else range(1, seeds + 1):
        for name in scenarios:
            yield f"{name} × seed {seed}", name, seed


def _jobs(
    scenarios: Mapping[str, Scenario],
    seeds: int | None,
    seconds: float | None,
    draw: Callable[..., Plan],
    *,
    done: set[str],
) -> Iterator[Job]:
    begun = time.perf_counter()
    for key, name, seed in _named(scenarios, seeds):
        if seconds is not None and time.perf_counter() - begun >= seconds:
            return
        if key not in done:
            yield Job(key=key, plan=draw(scenarios[name], seed, name=name))


def _first_of_its_signature(record: Record, before: Sequence[Record]) -> bool:
    failed = record.outcome.state in {State.INVALID, State.ERROR, State.UNKNOWN}
    signature = record.outcome.signature
    return failed and not any(
        each.kept is not None and each.outcome.signature == signature for each in before
    )
