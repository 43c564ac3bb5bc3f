from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import Kill, Stop
from harness.units import minutes, seconds

Broken = Callable[..., list[str]]
DRAIN = Stop(target="worker-1", at=minutes(1), drain=True, lasting=minutes(5))
STRIKE = "1m nemesis nemesis info fault.strike fault=0 victim=worker-1 what=SIGINT\n"


@pytest.fixture
def undrained(broken: Broken) -> Broken:
    return partial(broken, "drained_work_is_finished", faults=(DRAIN,))


def body(begin: str, end: str, how: str, worker: str = "worker-1") -> str:
    about = "body call=1 task=a/1/r try=1"
    return f"{begin} body {worker} invoke {about}\n{STRIKE}{end} body {worker} {how} {about}\n"


def test_a_body_that_ends_by_itself_while_its_worker_is_drained_is_right(undrained: Broken) -> None:
    assert undrained(body("30s", "2m", "ok")) == []
    assert undrained(body("30s", "2m", "fail")) == []


def test_a_body_that_is_killed_meanwhile_is_told(undrained: Broken) -> None:
    assert undrained(body("30s", "2m", "info")) == [
        "worker-1 was to end when its work was done, at 1m, and killed at 2m a/1/r (try 1)"
    ]


def test_a_body_that_begins_a_minute_later_is_told(undrained: Broken) -> None:
    assert undrained(STRIKE + body("2m1s", "3m", "ok").replace(STRIKE, "")) == [
        "worker-1 was to end when its work was done, at 1m, and began at 2m1s with a/1/r (try 1)"
    ]
    assert undrained(STRIKE + body("1m5s", "3m", "ok").replace(STRIKE, "")) == []  # it was just handed to it


def test_when_the_time_is_over_what_still_runs_is_killed_rightly(undrained: Broken) -> None:
    assert undrained(body("30s", "6m", "info")) == []


def test_other_workers_go_on_as_they_like(undrained: Broken) -> None:
    assert undrained(body("30s", "2m", "info", worker="worker-2")) == []


def test_what_another_fault_explains_is_right(undrained: Broken) -> None:
    killed = Kill(target="worker-1", at=seconds(100), lasting=minutes(1))
    assert undrained(body("30s", "2m", "info"), faults=(DRAIN, killed)) == []


def test_a_worker_that_is_told_to_end_at_once_may_kill(undrained: Broken) -> None:
    stop = Stop(target="worker-1", at=minutes(1), lasting=minutes(5))
    assert undrained(body("30s", "2m", "info"), faults=(stop,)) == []
