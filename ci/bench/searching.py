"""Searching: plans a second, two processes beside one, seeds until a mutant shows, runs until a plan is minimal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from ci.bench.table import Row
from harness.catalogue import find
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.search import State, examine, executor, shrink, storm_plan
from harness.search.mutants import MUTANTS
from harness.search.mutants.trial import Fate, trial
from harness.sim.session import run_in_sim

PLANS = 8
BUDGET = 10
"""Seeds in which a mutant has to show."""


def _storms(workers: Workers, count: int = PLANS) -> list[Plan]:
    scenario = find("standard").build()
    return [storm_plan(scenario, seed, name="standard", workers=workers) for seed in range(1, count + 1)]


def searching() -> Iterator[Row]:
    """The standard storm on one core for each kind of worker, on two processes, then mutants, then shrinking."""
    for workers in Workers:
        plans = _storms(workers)
        examine(plans[0])  # imports
        cpu = time.process_time()
        for plan in plans:
            examine(plan)
        yield Row(f"standard storm, {workers}", PLANS / (time.process_time() - cpu), "plans per CPU second")
    one, two = _wall(1), _wall(2)
    yield Row("two processes beside one", one / two / 2, "of twice as fast", f"{one:.1f} s and {two:.1f} s")
    yield from _mutants()
    yield _shrinking()


def _wall(jobs: int) -> float:
    plans = _storms(Workers.SCRIPTED, 4 * PLANS)
    with executor(jobs) as pool:
        list(pool.map(examine, plans[:jobs]))  # imports
        begun = time.perf_counter()
        list(pool.map(examine, plans))
        return time.perf_counter() - begun


def _mutants() -> Iterator[Row]:
    for storm in (False, True):
        trials = [trial(each, seeds=BUDGET, storm=storm) for each in MUTANTS.values()]
        killed = [each for each in trials if each.fate is Fate.KILLED]
        where = "storms drawn blindly" if storm else "their weather"
        seeds = [each.seeds for each in killed]
        note = (
            f"{len(killed)} of {len(trials)}; seeds: median {median(seeds):g}, most {max(seeds)} of {BUDGET}"
        )
        yield Row(f"mutants killed in {where}", len(killed) / len(trials) * 100, "%", note)


def _shrinking() -> Row:
    mutant = MUTANTS["gives-up"]

    def wrong(plan: Plan) -> History:
        return run_in_sim(plan, parts=mutant.wrong).history

    plans = (mutant.plan(seed, storm=True) for seed in range(1, 50))
    plan = next(each for each in plans if each.faults and examine(each, wrong).outcome.state is State.INVALID)
    shrunk = shrink(plan, runner=wrong)
    note = f"{len(plan.faults)} faults to {len(shrunk.plan.faults)}, finished: {shrunk.finished}"
    return Row("shrinking a storm of a mutant", shrunk.runs, "runs to minimal", note)
