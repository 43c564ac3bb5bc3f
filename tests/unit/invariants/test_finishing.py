from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import Fault, ResetPeer
from harness.model.plan import Submission
from harness.units import minutes, seconds

Broken = Callable[..., list[str]]
Tasked = Callable[..., Submission]

FAULT = ResetPeer(a="worker-*", b="api", at=seconds(1))


def state(new, t="4m"):
    return (
        f"{t} server api ok task_instance key=ti-1 old=running new={new} dag_id=storm task_id=b run_id=run-1"
    )


def body(attempt, end):
    return (
        f"{attempt}m body worker-{attempt} invoke body call={attempt} task=storm/b/run-1 try={attempt}\n"
        f"{attempt}m30s body worker-{attempt} {end} body call={attempt} task=storm/b/run-1 try={attempt}\n"
    )


@pytest.fixture
def unfinished(broken: Broken) -> Broken:
    return partial(broken, "every_task_finishes", faults=(FAULT,))


def test_a_task_that_succeeds_has_finished(unfinished: Broken, task: Tasked) -> None:
    assert unfinished(body(1, "ok") + state("success"), task("b")) == []


def test_a_task_left_running_has_not(unfinished: Broken, task: Tasked) -> None:
    assert unfinished(body(1, "ok") + state("running"), task("b")) == [
        "storm/b/run-1 is left running since 4m; 1 of 3 tries ran, the last on worker-1"
    ]


def test_a_task_that_waits_for_a_retry_in_the_end_has_not(unfinished: Broken, task: Tasked) -> None:
    assert unfinished(state("up_for_retry"), task("b")) == [
        "storm/b/run-1 is left up_for_retry since 4m; its body never ran"
    ]


def test_a_task_of_which_the_server_never_heard_has_not(unfinished: Broken, task: Tasked) -> None:
    assert unfinished("1s world driver info act act=storm", task("b")) == [
        "storm/b/run-1 never reached the server"
    ]


def test_a_task_may_not_fail_while_it_has_tries_left(unfinished: Broken, task: Tasked) -> None:
    assert unfinished(body(1, "info") + state("failed"), task("b", retries=2)) == [
        "storm/b/run-1 is failed and should be success, since 4m; 1 of 3 tries ran, the last on worker-1"
    ]


def test_a_task_may_fail_once_each_of_its_tries_was_cut_short_or_failed_by_plan(
    unfinished: Broken, task: Tasked
) -> None:
    text = body(1, "fail") + body(2, "info") + state("failed")
    assert unfinished(text, task("b", retries=1, failing_tries=(1,))) == []


@pytest.mark.parametrize(
    "faults",
    [
        (),
        (ResetPeer(a="worker-2", b="api", at=seconds(1)),),
        (ResetPeer(a="worker-*", b="api", at=minutes(3)),),
    ],
    ids=["there is none", "it struck another worker", "it had not begun"],
)
def test_a_try_that_was_cut_short_without_a_fault_to_explain_it_does_not_count(
    unfinished: Broken, task: Tasked, faults: tuple[Fault, ...]
) -> None:
    text = body(1, "info") + state("failed")
    assert len(unfinished(text, task("b", retries=1, failing_tries=(2,)), faults=faults)) == 1
    assert unfinished(text, task("b", retries=1, failing_tries=(2,))) == []


def test_a_body_that_ended_well_is_no_try_cut_short(unfinished: Broken, task: Tasked) -> None:
    text = body(1, "info") + body(2, "ok") + state("failed")
    assert len(unfinished(text, task("b", retries=1))) == 1


def test_without_retries_it_may_fail_in_a_storm_and_be_nothing_else(unfinished: Broken, task: Tasked) -> None:
    assert unfinished(state("failed"), task("b", retries=0)) == []
    assert len(unfinished(state("skipped"), task("b", retries=0))) == 1


def test_without_retries_and_without_faults_it_must_succeed(unfinished: Broken, task: Tasked) -> None:
    assert len(unfinished(state("failed"), task("b", retries=0), faults=())) == 1


def test_a_task_that_fails_on_all_tries_by_plan_must_end_failed(unfinished: Broken, task: Tasked) -> None:
    hopeless = task("b", retries=1, failing_tries=(1, 2))
    assert unfinished(state("failed"), hopeless) == []
    assert unfinished(state("success"), hopeless) == [
        "storm/b/run-1 is success and should be failed, since 4m; its body never ran"
    ]


def test_a_row_that_was_deleted_has_not_finished(unfinished: Broken, task: Tasked) -> None:
    assert unfinished(state("null"), task("b"))[0].startswith("storm/b/run-1 is left deleted")
