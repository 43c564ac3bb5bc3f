"""The checkers on trial: every invariant catches its mutants, and none cries wolf on the correct system."""

from __future__ import annotations

import pytest

from harness.catalogue import find
from harness.invariants import judge
from harness.model.planning import make_plan
from harness.model.scenario import ALL_INVARIANTS, Workers
from harness.model.verdict import Answer
from harness.runner import run_plan
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from tests.simulation.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught_by_the_invariant_that_is_there_for_it(mutant: Mutant) -> None:
    plan = make_plan(mutant.scenario(), 1, name="mutant")
    verdict = judge(run_in_sim(plan, parts=mutant.parts()).history, plan)
    assert verdict.crashed == ()
    assert mutant.caught_by in {found.invariant for found in verdict.counterexamples}


# where a fault never strikes, the storm itself is what is wrong
FAIR_STORMS = [mutant for mutant in MUTANTS if mutant.caught_by != "every_fault_struck"]


@pytest.mark.parametrize("mutant", FAIR_STORMS, ids=lambda mutant: mutant.name)
def test_the_same_storm_is_valid_on_the_correct_system(mutant: Mutant) -> None:
    plan = make_plan(mutant.scenario(), 1, name="control")
    verdict = judge(run_in_sim(plan, parts=Parts()).history, plan)
    assert verdict.counterexamples == ()
    assert verdict.answer is Answer.VALID


def test_every_invariant_has_a_mutant() -> None:
    assert {mutant.caught_by for mutant in MUTANTS} == set(ALL_INVARIANTS)


@pytest.mark.parametrize("workers", list(Workers))
def test_every_invariant_passes_when_nothing_goes_wrong(workers: Workers) -> None:
    run = run_plan(make_plan(find("quiet").build(), 1, name="quiet", workers=workers))
    assert run.verdict.checked == ALL_INVARIANTS
    assert run.verdict.counterexamples == ()
    assert run.verdict.answer is Answer.VALID
