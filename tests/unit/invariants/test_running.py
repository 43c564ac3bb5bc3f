from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from harness.model.faults import Pause
from harness.units import minutes, seconds

Broken = Callable[..., list[str]]

ASKED = "9s client worker-1 invoke ti.run call=1 ti=t"
GRANTED = "9s client worker-1 ok ti.run call=1 status=200"
BEGIN = "10s body worker-1 invoke body call=2 task=a/b/c ti=t try=1"
LEFT = "1m server scheduler ok task_instance key=t old=running new=up_for_retry"
BEAT = "1m5s client worker-1 invoke ti.heartbeat call=3 ti=t"
RUNS = (ASKED, GRANTED, BEGIN)
ABOUT = "a/b/c (try 1) on worker-1:"
GONE = "the server had it as up_for_retry from 1m on"


def end(at: str, kind: str = "ok") -> str:
    return f"{at} body worker-1 {kind} body call=2 task=a/b/c ti=t try=1"


def refused(at: str) -> str:
    return f"{at} client worker-1 fail ti.heartbeat call=3 status=410"


@pytest.fixture
def strays(broken: Broken) -> Callable[..., list[str]]:
    judged = partial(broken, "bodies_run_while_running")
    return lambda *lines, **plan: judged("\n".join(lines), **plan)


def test_a_body_that_runs_between_run_and_report_breaks_nothing(strays: Broken) -> None:
    report = "21s client worker-1 invoke ti.state call=4 ti=t state=success"
    assert strays(*RUNS, end("20s"), report) == []


def test_a_body_must_have_been_granted_to_its_worker(strays: Broken) -> None:
    never = f"{ABOUT} its body began at 10s, and its worker was never granted to run it"
    assert strays(BEGIN, end("20s")) == [never]
    assert strays(ASKED, GRANTED.replace(" ok ", " fail "), BEGIN, end("20s")) == [never]
    assert strays(*(line.replace("worker-1", "worker-2") for line in (ASKED, GRANTED)), BEGIN) == [never]


def test_a_body_begins_after_it_was_granted(strays: Broken) -> None:
    assert strays(ASKED, BEGIN, end("20s"), GRANTED.replace("9s", "30s")) == [
        f"{ABOUT} its body began at 10s, before run was granted at 30s"
    ]


def test_a_try_has_one_body(strays: Broken) -> None:
    again = "30s body worker-1 invoke body call=5 task=a/b/c ti=t try=1"
    assert strays(*RUNS, end("20s"), again) == [f"{ABOUT} body 2 of one try began at 30s"]


def test_a_body_is_over_when_its_end_is_reported(strays: Broken) -> None:
    report = "12s client worker-1 invoke ti.state call=4 ti=t state=up_for_retry"
    assert strays(*RUNS, report, end("20s")) == [
        f"{ABOUT} its end was reported as up_for_retry at 12s and it went on until 20s"
    ]


def test_that_a_killed_body_is_gone_may_be_seen_a_little_later(strays: Broken) -> None:
    report = "18s client worker-1 invoke ti.state call=4 ti=t state=failed"
    assert strays(*RUNS, report, end("20s", "info")) == []
    assert len(strays(*RUNS, report, end("40s", "info"))) == 1


def test_a_body_is_stopped_once_its_heartbeat_is_refused(strays: Broken) -> None:
    assert strays(*RUNS, LEFT, BEAT, refused("1m5s"), end("1m10s", "info")) == []
    assert strays(*RUNS, LEFT, BEAT, refused("1m5s"), end("3m")) == [
        f"{ABOUT} it went on until 3m; {GONE} and refused its heartbeat at 1m5s"
    ]


def test_a_worker_whose_calls_are_answered_has_to_ask(strays: Broken) -> None:
    assert strays(*RUNS, LEFT, end("2m")) == []
    assert strays(*RUNS, LEFT, end("9m")) == [
        f"{ABOUT} it went on until 9m; {GONE}, and its worker, whose calls were answered, did not ask"
    ]


@pytest.mark.parametrize(
    "lines",
    [
        (BEAT,),
        (BEAT, "1m10s client worker-1 info ti.heartbeat call=3 reason='gave up waiting'"),
        ("55s client worker-1 invoke ti.heartbeat call=3 ti=t", refused("8m50s")),
        ("3m client worker-1 fail connect reason='timed out'",),
    ],
    ids=["one is never answered", "one is lost", "one is slow", "it cannot connect"],
)
def test_a_body_may_go_on_while_its_worker_hears_nothing(strays: Broken, lines: tuple[str, ...]) -> None:
    assert strays(*RUNS, LEFT, *lines, end("9m")) == []


@pytest.mark.parametrize(("fault", "found"), [("worker-1", 0), ("worker-2", 1)])
def test_a_body_may_go_on_where_its_host_was_paused(strays: Broken, fault: str, found: int) -> None:
    faults: Any = (Pause(target=fault, at=seconds(50), lasting=minutes(7)),)
    assert len(strays(*RUNS, LEFT, end("9m"), faults=faults)) == found


def test_a_worker_that_heartbeats_more_seldom_may_notice_later(strays: Broken) -> None:
    assert strays(*RUNS, LEFT, end("9m"), options={"workers.min_heartbeat_interval": "240"}) == []
