from collections.abc import Callable
from functools import partial

import pytest

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan

Broken = Callable[..., list[str]]


@pytest.fixture
def exceeded(broken: Broken) -> Broken:
    return partial(broken, "slots_are_never_exceeded", workers=1)


def test_more_bodies_at_once_than_slots_are_told_with_the_peak_and_how_long_it_was(exceeded: Broken) -> None:
    assert exceeded(
        """
        1s body worker-1 invoke body call=1 task=a/1/r slots=1
        2s body worker-1 invoke body call=2 task=a/2/r slots=1
        3s body worker-1 invoke body call=3 task=a/3/r slots=1
        4s body worker-1 invoke body call=4 task=a/4/r slots=1
        6s body worker-1 ok body call=1 task=a/1/r
        9s body worker-1 ok body call=2 task=a/2/r
        20s body worker-1 invoke body call=5 task=a/5/r slots=1
        """,
        slots=2,
    ) == [
        "worker-1 ran 4 slots' worth of tasks at 4s and has 2; it ran more than that 3s–9s: a/1/r, a/2/r, a/3/r, a/4/r",
        "worker-1 ran 3 slots' worth of tasks at 20s and has 2; it ran more than that at 20s for 0s: a/3/r, a/4/r, a/5/r",
    ]


def test_one_task_may_need_several_slots(exceeded: Broken) -> None:
    text = "1s body worker-1 invoke body call=1 task=a/1/r slots=3"
    assert exceeded(text + "\n4s world driver info act act=end", slots=2) == [
        "worker-1 ran 3 slots' worth of tasks at 1s and has 2; it ran more than that 1s–4s: a/1/r"
    ]
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


def test_all_bodies_of_an_excess_are_cited(
    past: Callable[[str], History], planned: Callable[..., Plan]
) -> None:
    begun = [f"{n}s body worker-1 invoke body call={n} task=a/{n}/r slots=1" for n in range(20)]
    plan = planned(workers=1, slots=2, invariants=("slots_are_never_exceeded",))
    (found,) = judge(past("\n".join(begun)), plan).counterexamples
    assert found.events == tuple(range(20))
    assert found.summary.startswith("worker-1 ran 20 slots' worth of tasks at 19s and has 2")
    assert found.summary.endswith("a/11/r and 8 more")
