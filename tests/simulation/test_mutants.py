"""The checkers on trial: every invariant catches its mutants, and none cries wolf on the correct system."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fake_api import RULES
from harness.catalogue import find
from harness.invariants import INVARIANTS
from harness.model.planning import make_plan
from harness.model.scenario import ALL_INVARIANTS, Workers
from harness.model.verdict import Answer
from harness.runner import run_plan
from harness.search.mutants import MUTANTS
from harness.search.mutants.mutant import Mutant
from harness.search.mutants.trial import Fate, trial
from harness.sim.world import Parts
from harness.workers.scripted import ScriptedWorker

HARMLESS = replace(MUTANTS["gives-up"], wrong=Parts())


def test_the_catalogue_has_more_than_forty_rows_with_names_and_sentences() -> None:
    assert len(MUTANTS) > 40
    assert all(mutant.about.endswith(".") for mutant in MUTANTS.values())


#: The first of each promise is tried each time, the others every night.
FIRST = {mutant.caught_by: name for name, mutant in reversed(MUTANTS.items())}.values()
TRIED = [
    pytest.param(mutant, id=name, marks=() if name in FIRST else pytest.mark.nightly)
    for name, mutant in MUTANTS.items()
]


@pytest.mark.parametrize("mutant", TRIED)
def test_a_mutant_is_killed_by_its_promise_where_the_correct_system_keeps_all(mutant: Mutant) -> None:
    tried = trial(mutant, seeds=1, first=mutant.seed)
    assert tried.fate is Fate.KILLED, tried.summary
    assert mutant.caught_by in tried.broken


def test_every_promise_has_a_mutant() -> None:
    assert {mutant.caught_by for mutant in MUTANTS.values()} == set(INVARIANTS)


@pytest.mark.parametrize("storm", [False, True])
def test_what_does_nothing_wrong_survives(storm: bool) -> None:
    assert trial(HARMLESS, seeds=2, storm=storm).fate is Fate.SURVIVED


def raises(*args: Any, **options: Any) -> Any:
    raise TypeError("a transition of ours that takes no such thing")


class Falls(ScriptedWorker):
    """Ends by an error of our own."""

    def _start(self, job: dict[str, Any]) -> None:
        raise KeyError("no such job")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Parts(rules=replace(RULES, run=raises)), "TypeError: a transition of ours"),
        (Parts(scripted=Falls), "KeyError: 'no such job'"),
        (Parts(server=raises), "TypeError: a transition of ours"),
    ],
    ids=["in the server", "in the worker", "in the world"],
)
def test_a_crash_of_ours_is_no_kill(wrong: Parts, words: str) -> None:
    tried = trial(replace(HARMLESS, wrong=wrong), seeds=3)
    assert (tried.fate, tried.seeds) == (Fate.CRASHED, 1)
    assert words in tried.summary


def test_a_correct_system_that_breaks_a_promise_is_told_as_a_false_alarm() -> None:
    wrong = MUTANTS["gives-up"].wrong
    tried = trial(replace(HARMLESS, right=wrong), seeds=3)
    assert tried.fate is Fate.FALSE_ALARM
    assert tried.promise == "every_worker_rejoins"


@pytest.mark.parametrize("workers", list(Workers))
def test_every_invariant_passes_when_nothing_goes_wrong(workers: Workers) -> None:
    run = run_plan(make_plan(find("quiet").build(), 1, name="quiet", workers=workers))
    assert run.verdict.checked == ALL_INVARIANTS
    assert run.verdict.counterexamples == ()
    assert run.verdict.answer is Answer.VALID
