from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import Pause
from harness.units import seconds

Broken = Callable[..., list[str]]


@pytest.fixture
def twice(broken: Broken) -> Broken:
    return partial(broken, "no_task_runs_twice_at_once")


def test_two_bodies_of_one_task_on_two_workers_at_once_are_named_with_when(twice: Broken) -> None:
    assert twice(
        """
        4m   body worker-1 invoke body call=1 task=storm/task-7/run-1 try=1
        4m10s body worker-3 invoke body call=2 task=storm/task-7/run-1 try=2
        4m32s body worker-1 info   body call=1 task=storm/task-7/run-1 try=1
        5m   body worker-3 ok     body call=2 task=storm/task-7/run-1 try=2
        """
    ) == ["storm/task-7/run-1 ran on worker-1 and worker-3 at the same time, 4m10s–4m32s"]


def test_one_worker_may_not_run_a_task_twice_at_once_either(twice: Broken) -> None:
    assert twice(
        """
        10s body worker-1 invoke body call=1 task=a/b/c
        20s body worker-1 invoke body call=2 task=a/b/c
        30s body worker-1 ok body call=2 task=a/b/c
        40s body worker-1 ok body call=1 task=a/b/c
        """
    ) == ["a/b/c ran twice on worker-1 at the same time, 20s–30s"]


def test_a_body_that_never_ended_runs_to_the_end_of_the_history(twice: Broken) -> None:
    assert twice(
        """
        10s body worker-1 invoke body call=1 task=a/b/c
        20s body worker-2 invoke body call=2 task=a/b/c
        50s body worker-2 ok body call=2 task=a/b/c
        """
    ) == ["a/b/c ran on worker-1 and worker-2 at the same time, 20s–50s"]


def test_a_long_body_overlaps_each_that_begins_while_it_runs(twice: Broken) -> None:
    found = twice(
        """
        0 body worker-1 invoke body call=1 task=a/b/c
        1 body worker-2 invoke body call=2 task=a/b/c
        2 body worker-2 ok body call=2 task=a/b/c
        3 body worker-3 invoke body call=3 task=a/b/c
        4 body worker-3 ok body call=3 task=a/b/c
        9 body worker-1 ok body call=1 task=a/b/c
        """
    )
    assert found == [
        "a/b/c ran on worker-1 and worker-2 at the same time, 1s–2s",
        "a/b/c ran on worker-1 and worker-3 at the same time, 3s–4s",
    ]


def test_an_overlap_of_milliseconds_says_how_long_it_was(twice: Broken) -> None:
    assert twice(
        """
        1s body worker-1 invoke body call=1 task=a/b/c
        2s body worker-2 invoke body call=2 task=a/b/c
        2.005s body worker-1 ok body call=1 task=a/b/c
        3s body worker-2 ok body call=2 task=a/b/c
        """
    ) == ["a/b/c ran on worker-1 and worker-2 at the same time, at 2s for 5ms"]


@pytest.mark.parametrize(
    "second",
    [
        "20s body worker-2 invoke body call=2 task=a/b/c",
        "15s body worker-2 invoke body call=2 task=a/b/other",
    ],
    ids=["begins when the first ends", "is of another task"],
)
def test_bodies_that_do_not_overlap_break_nothing(twice: Broken, second: str) -> None:
    lines = ["10s body worker-1 invoke body call=1 task=a/b/c", "20s body worker-1 ok body call=1 task=a/b/c"]
    assert twice("\n".join([*lines, second])) == []


def test_what_begins_while_the_host_of_the_other_is_paused_overlaps_once_that_had_the_time_to_hear_of_it(
    twice: Broken,
) -> None:
    def overlapping(until: str) -> list[str]:
        return twice(
            f"""
            10s body worker-1 invoke body call=1 task=a/b/c
            60s body worker-2 invoke body call=2 task=a/b/c
            {until} body worker-1 ok body call=1 task=a/b/c
            3m body worker-2 ok body call=2 task=a/b/c
            """,
            faults=(Pause(target="worker-1", at=seconds(20), lasting=seconds(60)),),
        )

    assert overlapping("1m45s") == []
    assert overlapping("2m") == ["a/b/c ran on worker-1 and worker-2 at the same time, 1m–2m"]
