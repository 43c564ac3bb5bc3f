"""Search finds what is wrong with a mutant, makes it small, and finds nothing wrong with the correct system."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.faults import LoseReplies, Partition
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.verdict import EXIT_LIVENESS
from harness.search import (
    DoesNotFail,
    FailsOtherwise,
    Inline,
    Means,
    Record,
    State,
    cells,
    executor,
    exhaust,
    quiet_moments,
    shrink,
    small,
    swarm,
)
from harness.search.journal import FILE
from harness.search.kinds import Span
from harness.search.mutants.wrong_workers import GivesUp
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.units import minutes, seconds

SCENARIO = Scenario(
    fleet=Fleet(count=2, slots=2, kind=Workers.SCRIPTED),
    tasks=Tasks(count=4, lasting=(seconds(5), seconds(10)), over=seconds(10), retry_delay=seconds(5)),
    until=minutes(2),
    settle=minutes(4),
    options={"edge.job_poll_interval": "15", "edge.heartbeat_interval": "60"},  # fewer calls, sooner done
)
ONE = replace(SCENARIO, fleet=replace(SCENARIO.fleet, count=1), tasks=replace(SCENARIO.tasks, count=1))


def gives_up(plan: Plan) -> History:
    """A worker that the first unanswered call ends."""
    return run_in_sim(plan, parts=Parts(scripted=GivesUp)).history


def _exhausted(folder: Path, **means: object) -> list[Record]:
    quiet = replace(make_plan(small(ONE), 1, name="one"), until=minutes(1), settle=minutes(4))
    chosen = cells(quiet_moments(quiet), calls="jobs.state *", faults="*, reset", spans=[Span.ONCE])
    return exhaust(quiet, chosen, folder=folder, means=Means(pool=Inline(), **means))  # type: ignore[arg-type]


def _states(records: list[Record]) -> dict[str, State]:
    return {record.key: record.outcome.state for record in records}


def test_the_correct_worker_survives_every_cell(tmp_path: Path) -> None:
    records = _exhausted(tmp_path)
    assert set(_states(records).values()) == {State.VALID}
    assert len(records) == 4  # two kinds of job reports × request and reply
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_mutant_fails_where_the_fault_strikes_it_and_its_plans_are_kept(tmp_path: Path) -> None:
    records = _exhausted(tmp_path, runner=gives_up)
    assert set(_states(records).values()) == {State.INVALID}
    for record in records:
        assert record.kept is not None
        assert (tmp_path / record.kept / "plan.json").exists()
        assert (
            f"harness replay {tmp_path / record.kept}" in (tmp_path / record.kept / "story.txt").read_text()
        )


class _EnoughError(Exception):
    pass


def test_a_search_that_is_broken_off_goes_on_and_ends_with_the_same_matrix(tmp_path: Path) -> None:
    def enough(records: list[Record]) -> None:
        if len(records) == 2:
            raise _EnoughError

    with pytest.raises(_EnoughError):
        _exhausted(tmp_path / "broken", tell=enough)
    lines = (tmp_path / "broken" / FILE).read_text()
    resumed = _exhausted(tmp_path / "broken")
    assert (tmp_path / "broken" / FILE).read_text().startswith(lines)
    assert _states(resumed) == _states(_exhausted(tmp_path / "whole"))


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    def found(jobs: int) -> dict[str, tuple[State, str]]:
        with executor(jobs) as pool:
            means = Means(pool=pool, at_once=3)
            records = swarm({"one": ONE}, seeds=3, seconds=None, folder=tmp_path / str(jobs), means=means)
        return {record.key: (record.outcome.state, record.plan) for record in records}

    alone = found(1)
    assert len(alone) == 3
    assert found(2) == alone


def test_a_swarm_finds_the_mutant_and_keeps_one_plan_of_each_failure(tmp_path: Path) -> None:
    means = Means(pool=Inline(), runner=gives_up)
    records = swarm({"storm": SCENARIO}, seeds=8, seconds=None, folder=tmp_path, means=means)
    failed = [record for record in records if record.outcome.state is State.INVALID]
    assert any("every_worker_rejoins" in record.outcome.broken for record in failed)
    kept = [record.outcome.signature for record in failed if record.kept]
    assert sorted(kept) == sorted({record.outcome.signature for record in failed})


def test_a_swarm_by_time_goes_on_with_the_next_seeds(tmp_path: Path) -> None:
    def swarmed(seeds: int | None, seconds: float | None) -> list[str]:
        records = swarm(
            {"one": ONE}, seeds=seeds, seconds=seconds, folder=tmp_path, means=Means(pool=Inline())
        )
        return [record.key for record in records]

    assert swarmed(2, None) == ["one × seed 1", "one × seed 2"]
    assert swarmed(None, 0.001) == ["one × seed 1", "one × seed 2", "one × seed 3"]


STORM = (
    LoseReplies(a="worker-1", b="api", at=seconds(3), lasting=seconds(40), calls="ti.heartbeat"),
    Partition(a="worker-2", b="api", at=seconds(10), lasting=seconds(80)),
    LoseReplies(a="worker-*", b="api", at=seconds(10), lasting=seconds(30), calls="xcoms.*", times=3),
)


def test_a_storm_is_shrunk_to_what_the_mutant_cannot_stand() -> None:
    plan = make_plan(replace(SCENARIO, faults=STORM), 1, name="storm")
    shrunk = shrink(plan, runner=gives_up)
    assert shrunk.finished
    assert shrunk.needless == ()
    smallest = shrunk.plan
    things = (*smallest.faults, *smallest.submissions, *smallest.workers, *smallest.options)
    assert sum(shrunk.without.values()) == len(things)
    assert len(smallest.faults) == len(smallest.workers) == 1
    assert smallest.options == {}
    assert shrunk.examined.outcome.exit_code == EXIT_LIVENESS
    assert shrunk.examined.outcome.broken == ("every_worker_rejoins",)


def test_a_plan_that_does_not_fail_is_not_shrunk() -> None:
    with pytest.raises(DoesNotFail, match="it is valid"):
        shrink(make_plan(ONE, 1, name="one"))


def test_a_plan_that_fails_otherwise_than_expected_is_not_shrunk() -> None:
    plan = make_plan(replace(SCENARIO, faults=STORM), 1, name="storm")
    with pytest.raises(FailsOtherwise, match=r"breaks .*every_worker_rejoins.* says no_success_is_lost"):
        shrink(plan, runner=gives_up, expected=frozenset({"no_success_is_lost"}))


def test_a_shrinker_without_enough_runs_says_that_it_has_not_finished() -> None:
    plan = make_plan(replace(SCENARIO, faults=STORM), 1, name="storm")
    shrunk = shrink(plan, runner=gives_up, most_runs=6)
    assert not shrunk.finished
    assert shrunk.examined.outcome.state is State.INVALID
