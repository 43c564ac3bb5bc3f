from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.errors import BadParameter, BadPlan
from harness.invariants import INVARIANTS, Finding, exercised, judge, liveness, safety
from harness.invariants.judge import MOST
from harness.model.faults import Kill
from harness.model.history import History
from harness.model.plan import Plan, Submission
from harness.model.scenario import ALL_INVARIANTS
from harness.model.verdict import Answer, Kind
from harness.units import seconds

Past = Callable[[str], History]
Planned = Callable[..., Plan]
Tasked = Callable[..., Submission]

# Promises of the tests' own, which others do not meet.


def crashes_after_a_finding(history: History, plan: Plan) -> Iterator[Finding]:
    """Finds one thing and then crashes."""
    yield Finding("found before the crash", (0,))
    raise ZeroDivisionError("of all things")


def finds_too_much(history: History, plan: Plan) -> Iterator[Finding]:
    """Finds more than anybody would read."""
    return (Finding(str(n)) for n in range(MOST + 5))


def was_not_exercised(history: History, plan: Plan) -> list[Finding]:
    """Never met."""
    return [Finding("nothing happened")]


CRASHES, TOO_MUCH, IDLE = "crashes_after_a_finding", "finds_too_much", "was_not_exercised"


@pytest.fixture(autouse=True)
def _promises() -> Iterator[None]:
    before = dict(INVARIANTS)
    safety(crashes_after_a_finding), liveness(finds_too_much), exercised(was_not_exercised)
    yield
    INVARIANTS.clear()
    INVARIANTS.update(before)


def test_there_is_an_invariant_for_every_name_a_scenario_has_by_default() -> None:
    assert set(ALL_INVARIANTS) <= set(INVARIANTS)
    assert all(INVARIANTS[name].doc.endswith(".") for name in ALL_INVARIANTS)


def test_a_run_that_keeps_its_promises_is_valid(past: Past, planned: Planned) -> None:
    history = past("24m client worker-1 ok jobs.fetch call=1\n25m world driver info act act=end")
    verdict = judge(history, planned(workers=1))
    assert (verdict.answer, verdict.exit_code, verdict.checked) == (Answer.VALID, 0, ALL_INVARIANTS)


def test_a_counterexample_carries_name_kind_summary_and_events(past: Past, planned: Planned) -> None:
    history = past("1s server api ok task_instance key=1 old=null new=running cause=x")
    (found,) = judge(history, planned(invariants=("only_legal_transitions",))).counterexamples
    assert (found.invariant, found.kind, found.events) == ("only_legal_transitions", Kind.SAFETY, (0,))


def test_only_what_the_plan_names_is_judged_and_in_its_order(past: Past, planned: Planned) -> None:
    names = ("work_was_done", "no_success_is_lost")
    assert judge(past(""), planned(invariants=names)).checked == names


def test_an_unknown_invariant_names_the_nearest(past: Past, planned: Planned) -> None:
    with pytest.raises(
        BadPlan, match="no invariant 'no_task_runs_twice': did you mean 'no_task_runs_twice_at_once'"
    ):
        judge(past(""), planned(invariants=("no_task_runs_twice",)))


def test_a_check_that_crashes_is_named_and_what_it_found_before_counts(past: Past, planned: Planned) -> None:
    verdict = judge(past(""), planned(invariants=(CRASHES,)))
    assert verdict.crashed == (f"{CRASHES}: ZeroDivisionError: of all things",)
    assert [found.summary for found in verdict.counterexamples] == ["found before the crash"]
    assert verdict.answer is Answer.INVALID


def test_a_promise_not_put_to_the_test_leaves_the_answer_unknown(past: Past, planned: Planned) -> None:
    verdict = judge(past(""), planned(invariants=(IDLE,)))
    assert (verdict.answer, verdict.exit_code) == (Answer.UNKNOWN, 3)


def test_only_so_many_counterexamples_are_kept_and_the_rest_is_counted(past: Past, planned: Planned) -> None:
    found = judge(past(""), planned(invariants=(TOO_MUCH,))).counterexamples
    assert len(found) == MOST + 1
    assert found[-1].summary == "and 5 more of the kind"


def test_a_name_can_be_given_once() -> None:
    with pytest.raises(BadParameter, match="rename one of the two"):
        safety(INVARIANTS[IDLE].check)


def test_an_empty_history_breaks_what_must_happen_and_crashes_nothing(
    past: Past, planned: Planned, task: Tasked
) -> None:
    verdict = judge(past(""), planned(task("a"), workers=1, faults=(Kill(target="worker-1", at=seconds(1)),)))
    assert verdict.crashed == ()
    assert [found.invariant for found in verdict.counterexamples] == [
        "every_task_finishes",
        "every_fault_struck",
        "work_was_done",
        "work_was_done",
    ]
