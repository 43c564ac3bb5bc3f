"""A promise of which too little was witnessed is not judged, and the answer is unknown at best."""

from __future__ import annotations

from dataclasses import replace
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


SUCCESS = make_plan(
    Scenario(tasks=Tasks(count=1), invariants=("no_success_is_lost", "every_task_finishes")),
    1,
    name="unseen",
)


def _told_of_success(*, unseen: bool) -> History:
    """A worker is told that its success is stored; the server was last seen with the task running."""
    history = History(header={"world": "live"})
    key = {"key": "a", "dag_id": "storm", "task_id": "task-1", "run_id": "run-1", "cause": "seen"}
    running = {**key, "old": "queued", "new": "running", "sampled": True}
    history.append(t=0, witness="server", process="airflow", type="ok", f="task_instance", value=running)
    call = {"witness": "client", "process": "worker-1", "f": "ti.state"}
    history.append(t=1, type="invoke", value={"call": 1, "ti": "a", "state": "success"}, **call)
    history.append(t=2, type="ok", value={"call": 1, "status": 204}, **call)
    if unseen:
        why = {"reason": "http://airflow:8080 did not tell the outcome within 60 s"}
        history.append(t=3, witness="world", process="api", type="info", f="server.unseen", value=why)
    return history


def test_of_a_server_that_nobody_saw_in_the_end_no_promise_about_the_end_is_judged() -> None:
    history = _told_of_success(unseen=True)
    verdict = judge(history, SUCCESS)
    assert verdict.counterexamples == ()
    assert [reason.partition(":")[0] for reason in verdict.unjudged] == list(SUCCESS.invariants)
    assert (verdict.answer, verdict.exit_code) == ("unknown", 3)
    story = " ".join(tell(SUCCESS, history, verdict, replay="harness").split())
    assert "nobody sees it any more: http://airflow:8080 did not tell the outcome within 60 s" in story


def test_what_was_seen_broken_before_is_told_and_what_was_not_is_not_said_to_be_kept() -> None:
    names = ("no_success_is_lost", "no_task_runs_twice_at_once")
    history, plan = _told_of_success(unseen=True), replace(SUCCESS, invariants=names)
    assert (judge(history, plan).answer, judge(history, plan).exit_code) == ("unknown", 3)
    lost = next(history.where(witness="server")).value | {"old": "running", "new": "up_for_retry"}
    history.append(t=4, witness="server", process="airflow", type="ok", f="task_instance", value=lost)
    verdict = judge(history, plan)
    assert [found.invariant for found in verdict.counterexamples] == ["no_success_is_lost"]
    assert [reason.partition(":")[0] for reason in verdict.unjudged] == ["no_task_runs_twice_at_once"]


def test_of_one_that_was_seen_to_the_end_they_are() -> None:
    found = judge(_told_of_success(unseen=False), SUCCESS).counterexamples
    assert [each.invariant for each in found] == ["no_success_is_lost", "every_task_finishes"]
