"""Our reference worker does it right where storms found that it did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fake_api import RULES
from fake_api.outcome import Outcome
from harness.invariants import judge
from harness.model.faults import ClockSkew, Stop
from harness.model.history import History
from harness.model.verdict import Answer
from harness.search.mutants import MUTANTS
from harness.search.mutants.mutant import weather
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.units import minutes, seconds

DRAINED = replace(
    MUTANTS["drain-kills"],
    scenario=weather(Stop(target="worker-1", at=seconds(40), drain=True), tasks=8, lasting=minutes(2)),
)


def _ends(history: History) -> list[tuple[str, str]]:
    return [(event.process, event.value["reason"]) for event in history.where(f="worker.exit")]


def test_a_drained_worker_finishes_what_it_runs_takes_no_more_and_says_that_it_goes() -> None:
    plan = DRAINED.plan(1)
    history = run_in_sim(plan).history
    assert judge(history, plan).answer is Answer.VALID
    assert _ends(history) == [("worker-1", "it was done")]
    states = [
        event.value["new"] for event in history.where(f="edge_worker") if event.value["key"] == "worker-1"
    ]
    assert states[-2:] == ["terminating", "offline"]
    last = max(event.t for event in history.where(witness="body", process="worker-1", type="ok"))
    assert last > plan.faults[0].at / seconds(1) * 1e9  # it had work in hand


def _hands_out_twice(*args: Any, **options: Any) -> Outcome:
    return replace(RULES.fetch_job(*args, **options), rows=())


def test_a_job_that_is_handed_out_again_while_it_is_in_hand_takes_a_slot_of_its_own() -> None:
    plan = replace(MUTANTS["gives-up"], scenario=weather(workers=1, slots=3)).plan(1)
    verdict = judge(
        run_in_sim(plan, parts=Parts(rules=replace(RULES, fetch_job=_hands_out_twice))).history, plan
    )
    assert "slots_are_never_exceeded" not in {found.invariant for found in verdict.counterexamples}


def test_a_worker_whose_clock_is_wrong_for_two_minutes_works_on_afterwards() -> None:
    skew = ClockSkew(target="worker-1", at=seconds(40), lasting=minutes(2), behind=minutes(10))
    plan = replace(DRAINED, scenario=weather(skew)).plan(1)
    history = run_in_sim(plan).history
    assert any(event.value.get("status") == 403 for event in history.where(witness="client"))
    assert judge(history, plan).answer is Answer.VALID
