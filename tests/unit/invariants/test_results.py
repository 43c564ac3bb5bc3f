from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan, Submission

Broken = Callable[..., list[str]]
Tasked = Callable[..., Submission]
NAMES = "dag_id=storm task_id=a run_id=run-1"
WON = f'4s server api ok task_instance key=ti-1 old=running new=success cause="PATCH state" {NAMES}\n'


@pytest.fixture
def unkept(broken: Broken, task: Tasked) -> Callable[[str], list[str]]:
    return lambda text: broken("results_are_kept", text, replace(task("a"), xcom_bytes=8))


def xcom(t: str, old: str, new: str, key: str = "return_value") -> str:
    return f'{t} server api ok xcom key=k xcom_key={key} old={old} new={new} cause="POST xcoms" {NAMES}\n'


def test_a_task_that_succeeded_and_has_its_result_is_right(unkept: Callable[[str], list[str]]) -> None:
    assert unkept(xcom("3s", "null", "set") + WON) == []


def test_a_task_that_succeeded_without_its_result_is_told(unkept: Callable[[str], list[str]]) -> None:
    told = ["storm/a/run-1 succeeded at 4s and its result was never stored"]
    assert unkept(WON) == told
    assert unkept(xcom("3s", "null", "set", key="another") + WON) == told


def test_a_result_that_is_deleted_afterwards_is_told(unkept: Callable[[str], list[str]]) -> None:
    assert unkept(xcom("3s", "null", "set") + WON + xcom("5s", "set", "null")) == [
        "storm/a/run-1 succeeded at 4s and its result was deleted at 5s"
    ]


def test_a_task_that_returns_nothing_or_has_not_succeeded_needs_none(
    broken: Broken, task: Tasked, unkept: Callable[[str], list[str]]
) -> None:
    assert broken("results_are_kept", WON, task("a")) == []
    assert unkept(WON.replace("new=success", "new=failed")) == []


def test_where_the_server_tells_of_no_xcoms_nothing_can_be_said(
    past: Callable[[str], History], planned: Callable[..., Plan], task: Tasked
) -> None:
    plan = planned(replace(task("a"), xcom_bytes=8), invariants=("results_are_kept",))
    verdict = judge(past(WON.replace("old=running", "old=running sampled=true")), plan)
    assert verdict.unjudged == ("results_are_kept: the server told of its tasks and not of their XComs",)
