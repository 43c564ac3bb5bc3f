from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import OutOfMemory, Pause, Stop
from harness.units import seconds

Broken = Callable[..., list[str]]

BODY = "10s body worker-1 invoke body call=1 task=a/b/c ti=t try=1\n20s body worker-1 {} body call=1 task=a/b/c ti=t try=1"
STATE = "21s client worker-1 invoke ti.state call=2 ti=t state=up_for_retry\n21s client worker-1 ok ti.state call=2"
JOB = (
    "22s client worker-1 invoke jobs.state call=3 dag=a task=b run=c try=1 map=-1 state={}\n"
    "22s client worker-1 ok jobs.state call=3"
)
END = "5m world driver info act act=end"
KILLED = "a/b/c (try 1) on worker-1: its body was killed at 20s, and by 1m30s its worker had told no state to the Execution API"
OOM = OutOfMemory(target="worker-1", at=seconds(20))


@pytest.fixture
def unreported(broken: Broken) -> Broken:
    return partial(broken, "every_end_is_reported", faults=(OOM,))


def lines(*each: str) -> str:
    return "\n".join(each)


@pytest.mark.parametrize("how", ["ok", "fail", "info"])
def test_an_end_that_both_are_told_of_is_reported_however_it_came(unreported: Broken, how: str) -> None:
    assert unreported(lines(BODY.format(how), STATE, JOB.format("success"), END)) == []


def test_a_killed_body_of_which_the_api_never_hears_is_unreported(unreported: Broken) -> None:
    assert unreported(lines(BODY.format("info"), JOB.format("failed"), END)) == [KILLED]


def test_a_job_that_was_only_said_to_be_running_is_unreported(unreported: Broken) -> None:
    assert unreported(lines(BODY.format("ok"), STATE, JOB.format("running"), END)) == [
        "a/b/c (try 1) on worker-1: its body ended well at 20s, and by 1m30s its worker had told the executor nothing"
    ]


@pytest.mark.parametrize(
    "excuse",
    [
        "12s server scheduler ok task_instance key=t old=running new=up_for_retry dag_id=a task_id=b run_id=c",
        "40s world worker-1 fail worker.exit reason='an error ended it'",
        "30s client worker-1 fail connect reason=refused",
    ],
    ids=["the server had withdrawn it", "its worker died", "nobody could be reached"],
)
def test_nothing_has_to_be_reported_where(unreported: Broken, excuse: str) -> None:
    text = lines(*sorted([*BODY.format("info").splitlines(), excuse], key=lambda line: line[:2]), END)
    assert unreported(text) == []


@pytest.mark.parametrize("fault", [Stop, Pause])
def test_a_worker_that_a_fault_stops_has_an_excuse(broken: Broken, fault: type) -> None:
    more = {"lasting": seconds(9)} if fault is Pause else {}
    stopped = fault(target="worker-1", at=seconds(15), **more)
    assert broken("every_end_is_reported", lines(BODY.format("info"), END), faults=(stopped,)) == []


def test_an_end_just_before_the_end_of_the_run_is_not_judged(unreported: Broken) -> None:
    assert unreported(lines(BODY.format("info"), END.replace("5m", "80s"))) == []
