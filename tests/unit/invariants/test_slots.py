from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]


@pytest.fixture
def exceeded(broken: Broken) -> Broken:
    return partial(broken, "slots_are_never_exceeded", workers=1)


def test_more_bodies_at_once_than_slots_are_found_once_for_each_crossing(exceeded: Broken) -> None:
    assert exceeded(
        """
        1s body worker-1 invoke body call=1 task=a/1/r slots=1
        2s body worker-1 invoke body call=2 task=a/2/r slots=1
        3s body worker-1 invoke body call=3 task=a/3/r slots=1
        4s body worker-1 invoke body call=4 task=a/4/r slots=1
        9s body worker-1 ok body call=1 task=a/1/r
        """,
        slots=2,
    ) == ["worker-1 ran 3 slots' worth of tasks at 3s, it has 2"]


def test_one_task_may_need_several_slots(exceeded: Broken) -> None:
    text = "1s body worker-1 invoke body call=1 task=a/1/r slots=3"
    assert exceeded(text, slots=2) == ["worker-1 ran 3 slots' worth of tasks at 1s, it has 2"]
    assert exceeded(text, slots=3) == []


def test_a_slot_freed_and_taken_at_the_same_moment_is_one_slot_whoever_is_noted_first(
    exceeded: Broken,
) -> None:
    assert (
        exceeded(
            """
            1s body worker-1 invoke body call=1 task=a/1/r
            5s body worker-1 invoke body call=2 task=a/2/r
            5s body worker-1 ok body call=1 task=a/1/r
            9s body worker-1 ok body call=2 task=a/2/r
            """,
            slots=1,
        )
        == []
    )


def test_a_body_that_takes_no_time_takes_no_slot(exceeded: Broken) -> None:
    assert (
        exceeded(
            """
            1s body worker-1 invoke body call=1 task=a/1/r
            5s body worker-1 invoke body call=2 task=a/2/r
            5s body worker-1 ok body call=2 task=a/2/r
            """,
            slots=1,
        )
        == []
    )


def test_other_workers_have_their_own_slots(exceeded: Broken) -> None:
    assert (
        exceeded(
            """
            1s body worker-1 invoke body call=1 task=a/1/r
            2s body worker-2 invoke body call=2 task=a/2/r
            """,
            slots=1,
        )
        == []
    )
