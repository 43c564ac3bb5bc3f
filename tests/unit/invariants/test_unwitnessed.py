"""A promise of which too little was witnessed is not judged, and the answer is unknown at best."""

from __future__ import annotations

from typing import Any

from harness import Scenario, Tasks
from harness.invariants import judge
from harness.model.history import History
from harness.model.planning import make_plan
from harness.report.story import tell

PLAN = make_plan(
    Scenario(tasks=Tasks(count=1), invariants=("only_legal_transitions", "every_job_is_accounted_for")),
    1,
    name="sampled",
)


def _history(*, sampled: bool) -> History:
    history = History(header={"world": "live"})
    value: dict[str, Any] = {
        "key": "a",
        "dag_id": "storm",
        "task_id": "task-1",
        "run_id": "run-1",
        "cause": "seen",
    }
    value |= {"old": "queued", "new": "success"} | ({"sampled": True} if sampled else {})
    history.append(t=0, witness="server", process="airflow", type="ok", f="task_instance", value=value)
    return history


def test_states_that_were_asked_for_now_and_then_show_no_transition() -> None:
    verdict = judge(_history(sampled=True), PLAN)
    assert verdict.counterexamples == ()
    assert [reason.partition(":")[0] for reason in verdict.unjudged] == list(PLAN.invariants)
    assert (verdict.answer, verdict.exit_code) == ("unknown", 3)
    assert "? only_legal_transitions: 1 of the server's states" in tell(
        PLAN, _history(sampled=True), verdict, replay="harness"
    )


def test_changes_that_were_all_witnessed_are_judged() -> None:
    verdict = judge(_history(sampled=False), PLAN)
    assert verdict.unjudged == ()
    assert verdict.answer == "invalid"
