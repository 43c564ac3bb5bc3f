from collections.abc import Callable
from functools import partial

import pytest

from harness.model.plan import Submission

Broken = Callable[..., list[str]]
Tasked = Callable[..., Submission]


@pytest.fixture
def miscounted(broken: Broken) -> Broken:
    return partial(broken, "tries_are_counted")


def body(minute: int, attempt: int) -> str:
    about = f"call={minute} task=storm/a/run-1 ti=ti-{minute} try={attempt}"
    return f"{minute}m body worker-{minute} invoke body {about}\n{minute}m9s body worker-{minute} fail body {about}\n"


def test_tries_that_rise_up_to_the_retries_are_right(miscounted: Broken, task: Tasked) -> None:
    assert miscounted(body(1, 1) + body(2, 2) + body(3, 3), task("a", retries=2)) == []
    assert miscounted(body(1, 1) + body(3, 3), task("a", retries=2)) == []  # try 2 never began


def test_two_tries_of_one_number_are_told(miscounted: Broken, task: Tasked) -> None:
    assert miscounted(body(1, 1) + body(2, 1), task("a")) == [
        "storm/a/run-1 ran as try 1 at 2m on worker-2, and try 1 had begun at 1m on worker-1"
    ]


def test_a_try_beyond_the_retries_is_told(miscounted: Broken, task: Tasked) -> None:
    assert miscounted(body(1, 1) + body(2, 2), task("a", retries=0)) == [
        "storm/a/run-1 ran as try 2 at 2m and has 1"
    ]


def test_a_task_that_was_cleared_has_more(miscounted: Broken, task: Tasked) -> None:
    cleared = (
        "90s server api ok task_instance key=ti-1 old=running new=null cause=clear dag_id=storm task_id=a"
        " run_id=run-1\n"
    )
    assert miscounted(body(1, 1) + cleared + body(2, 2), task("a", retries=0)) == []


def test_two_bodies_of_one_try_are_anothers_matter(miscounted: Broken, task: Tasked) -> None:
    once = body(1, 1)
    again = once.replace("call=1", "call=2").replace("1m", "2m")
    assert miscounted(once + again, task("a")) == []
