from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from harness.model.faults import DelayReplies, Fault, LoseReplies, Partition
from harness.units import minutes, seconds

Broken = Callable[..., list[str]]

TASK = "{} server api ok task_instance key=k old=running new={} dag_id=storm task_id=t run_id=run-1 try_number={}"
JOB = "{} server api ok edge_job key=j old=running new={} dag_id=storm task_id=t run_id=run-1 try_number=1"
STRUCK = "2m nemesis nemesis info fault.end fault=0 name=LoseReplies strikes={}"
ON: Any = {"a": "worker-1", "b": "api", "at": seconds(1), "lasting": minutes(1)}
LOST, SLOW = LoseReplies(**ON), DelayReplies(**ON, delay=seconds(4))


@pytest.fixture
def lost(broken: Broken, task) -> Broken:
    return partial(broken, "tolerable_faults_cost_no_try")


def lines(*each: str) -> str:
    return "\n".join(each)


def test_one_lost_reply_costs_no_try(lost: Broken, task) -> None:
    text = lines(TASK.format("30s", "success", 1), STRUCK.format(1))
    assert lost(text, task("t"), faults=(LOST,)) == []


def test_a_try_that_one_lost_reply_fails_is_found(lost: Broken, task) -> None:
    text = lines(TASK.format("30s", "up_for_retry", 1), TASK.format("90s", "success", 2), STRUCK.format(1))
    assert lost(text, task("t"), faults=(LOST,)) == [
        "the task of storm/t/run-1 is up_for_retry at 30s, after LoseReplies"
    ]


def test_a_job_that_fails_beside_a_task_that_succeeds_is_found(lost: Broken, task) -> None:
    text = lines(TASK.format("30s", "success", 1), JOB.format("31s", "failed"), STRUCK.format(1))
    assert lost(text, task("t"), faults=(LOST,)) == [
        "the job of storm/t/run-1 is failed at 31s, after LoseReplies"
    ]


def test_a_task_that_is_left_is_found(lost: Broken, task) -> None:
    text = lines(TASK.format("30s", "queued", 1), STRUCK.format(1))
    assert lost(text, task("t"), faults=(LOST,)) == ["storm/t/run-1 is left queued, after LoseReplies"]


@pytest.mark.parametrize(
    ("fault", "strikes"),
    [
        (LOST, 2),
        (DelayReplies(**ON, delay=seconds(5)), 3),
        (Partition(**ON), 1),
    ],
    ids=["two calls", "slower than the timeout", "no call at all comes through"],
)
def test_more_than_that_nobody_promised_to_bear(lost: Broken, task, fault: Fault, strikes: int) -> None:
    text = lines(TASK.format("30s", "failed", 1), STRUCK.format(strikes))
    assert lost(text, task("t"), faults=(fault,)) == []


def test_slow_is_not_failed(lost: Broken, task) -> None:
    text = lines(TASK.format("30s", "failed", 1), STRUCK.format(9))
    assert lost(text, task("t"), faults=(SLOW,)) == [
        "the task of storm/t/run-1 is failed at 30s, after DelayReplies"
    ]


def test_a_try_that_was_planned_to_fail_may(lost: Broken, task) -> None:
    text = lines(TASK.format("30s", "up_for_retry", 1), TASK.format("90s", "success", 2), STRUCK.format(1))
    assert lost(text, task("t", failing_tries=(1,)), faults=(LOST,)) == []
