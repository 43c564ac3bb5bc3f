from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from harness.model.faults import Kill
from harness.units import seconds

Broken = Callable[..., list[str]]

ACTS = "5m world driver info act act=calm"
END = "25m world driver info act act=end"


@pytest.fixture
def missing(broken: Broken) -> Broken:
    return partial(broken, "every_worker_rejoins", workers=1)


BEAT = "23m30s client worker-1 ok worker.set_state call=1 state={}"
FULL = "23m body worker-1 invoke body call=7 task=a/b/c slots=2"


def test_a_worker_that_fetches_in_the_last_two_minutes_has_rejoined(missing: Broken) -> None:
    assert missing(f"{ACTS}\n23m client worker-1 ok jobs.fetch call=1\n{END}") == []


def test_a_worker_that_has_a_slot_free_and_only_heartbeats_has_not(missing: Broken) -> None:
    before = "2m client worker-1 ok jobs.fetch call=3"
    half = FULL.replace("slots=2", "slots=1")
    (found,) = missing(f"{before}\n{ACTS}\n{half}\n{BEAT.format('idle')}\n{END}")
    assert found == (
        "worker-1 had a slot free and did not fetch after 23m: its last fetch that went well was at 2m;"
        " worker.set_state at 23m30s"
    )


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        (f"{FULL}\n{BEAT.format('running')}", {}),
        (BEAT.format("'maintenance mode'"), {}),
        (BEAT.format("idle"), {"options": {"edge.job_poll_interval": "90"}}),
    ],
    ids=["its slots are taken", "it was told to take none", "it fetches more seldom"],
)
def test_a_worker_need_not_fetch_where(missing: Broken, text: str, plan: dict[str, Any]) -> None:
    assert missing(f"{ACTS}\n{text}\n{END}", **plan) == []


def test_a_worker_that_exited_is_missing_and_its_reason_is_told(missing: Broken) -> None:
    assert missing(
        f"""
        1m client worker-1 ok jobs.fetch call=1
        2m world worker-1 fail worker.exit reason='it gave up' error='ConnectError: refused'
        {ACTS}
        {END}
        """
    ) == [
        (
            "worker-1 was not heard of after 23m: it exited at 2m (ConnectError: refused);"
            " its own last heartbeat or fetch that went well was jobs.fetch at 1m"
        )
    ]


def test_a_worker_whose_background_task_died_is_missing_and_that_is_told(missing: Broken) -> None:
    assert missing(
        f"""
        1m world worker-1 fail worker.background what=heartbeat error=Boom
        {ACTS}
        {END}
        """
    ) == ["worker-1 was not heard of after 23m: its heartbeat died at 1m (Boom); it never was before"]


def test_an_exit_before_a_fresh_start_is_not_its_end(missing: Broken) -> None:
    assert missing(
        f"""
        1m world worker-1 info worker.exit reason=killed
        2m world worker-1 info worker.start kind=edge
        {ACTS}
        {END}
        """
    ) == ["worker-1 was not heard of after 23m: it never was before"]


def test_other_calls_calls_that_failed_and_what_comes_after_the_end_are_no_signs_of_life(
    missing: Broken,
) -> None:
    assert missing(
        f"""
        {ACTS}
        24m client worker-1 ok ti.heartbeat call=1
        24m client worker-1 fail jobs.fetch call=2
        {END}
        25m client worker-1 ok worker.set_state call=3
        """
    ) == ["worker-1 was not heard of after 23m: it never was before"]


def test_in_a_short_calm_what_was_heard_before_it_does_not_count(missing: Broken) -> None:
    history = "24m client worker-1 ok jobs.fetch call=1\n24m30s world driver info act act=calm\n" + END
    assert missing(history) == [
        "worker-1 was not heard of after 24m30s: its own last heartbeat or fetch that went well was jobs.fetch at 24m"
    ]


def test_a_worker_killed_for_good_need_not_come_back_and_one_that_restarts_must(missing: Broken) -> None:
    kill = Kill(target="worker-*", at=seconds(30))
    assert missing(f"{ACTS}\n{END}", faults=(kill,)) == []
    back = Kill(target="worker-*", at=seconds(30), lasting=seconds(10))
    assert len(missing(f"{ACTS}\n{END}", faults=(back,))) == 1
