from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import ResetPeer
from harness.units import seconds

Broken = Callable[..., list[str]]

BEGIN = "10s body worker-1 invoke body call=1 task=a/b/c ti=t try=1"
REPORT = "30s client worker-1 invoke ti.state call=2 ti=t state={}"
STORED = "30s server api ok task_instance key=t old=running new=success dag_id=a task_id=b run_id=c"
SUCCESS = REPORT.format("success")


def end(kind: str, at: str = "20s") -> str:
    return f"{at} body worker-1 {kind} body call=1 task=a/b/c ti=t try=1"


@pytest.fixture
def untrue(broken: Broken) -> Broken:
    return partial(broken, "reports_match_bodies")


def test_a_success_that_was_earned_is_one(untrue: Broken) -> None:
    assert untrue("\n".join((BEGIN, end("ok"), SUCCESS, STORED))) == []


@pytest.mark.parametrize("said", [SUCCESS, STORED], ids=["reported", "stored"])
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "its body never ran"),
        (BEGIN, "its body never ended on worker-1"),
        (f"{BEGIN}\n{end('info')}", "its body was killed at 20s on worker-1"),
        (f"{BEGIN}\n{end('fail')}", "its body failed at 20s on worker-1"),
    ],
)
def test_a_success_is_earned_by_a_body_that_ended_well(
    untrue: Broken, said: str, body: str, problem: str
) -> None:
    (found,) = untrue(f"{body}\n{said}")
    assert found.endswith(f"as success at 30s: {problem}")


def test_a_success_is_not_earned_in_advance(untrue: Broken) -> None:
    assert untrue("\n".join((BEGIN, SUCCESS, end("ok", at="40s")))) == [
        "worker-1 had t as success at 30s: its body went on until 40s on worker-1"
    ]


def test_the_body_of_another_try_earns_nothing(untrue: Broken) -> None:
    assert len(untrue("\n".join((BEGIN, end("ok"), SUCCESS.replace("ti=t", "ti=other"))))) == 1


def test_what_is_reported_and_stored_is_one_untruth(untrue: Broken) -> None:
    assert len(untrue(f"{SUCCESS}\n{STORED}")) == 1


@pytest.mark.parametrize("state", ["failed", "up_for_retry"])
def test_a_body_that_ended_well_is_not_reported_to_have_failed_unless_a_fault_explains_it(
    untrue: Broken, state: str
) -> None:
    text = "\n".join((BEGIN, end("ok"), REPORT.format(state)))
    assert untrue(text) == [
        f"worker-1 had t as {state} at 30s: its body had ended well at 20s, and no fault explains it"
    ]
    assert untrue(text, faults=(ResetPeer(a="worker-1", b="api", at=seconds(5)),)) == []


@pytest.mark.parametrize("kind", ["fail", "info"])
def test_a_body_that_did_not_end_well_is_rightly_reported_to_have_failed(untrue: Broken, kind: str) -> None:
    assert untrue("\n".join((BEGIN, end(kind), REPORT.format("failed")))) == []


JOB = "30s client worker-1 invoke jobs.state call=3 dag=a task=b run=c try={} map=-1 state={}"


@pytest.mark.parametrize("how", ["ok", "fail", "info"])
def test_a_job_succeeds_where_the_worker_did_its_part_however_the_body_ended(
    untrue: Broken, how: str
) -> None:
    assert untrue("\n".join((BEGIN, end(how), JOB.format(1, "success")))) == []


def test_a_job_that_succeeds_without_a_body_is_untrue(untrue: Broken) -> None:
    assert untrue("\n".join((BEGIN, end("ok"), JOB.format(2, "success")))) == [
        "worker-1 told the executor at 30s that the job of a/b/c (try 2) succeeded: its body never ran"
    ]


def test_a_job_that_fails_without_a_body_is_true(untrue: Broken) -> None:
    assert untrue(JOB.format(1, "failed")) == []


def test_a_task_that_failed_before_its_body_began_was_seen_to(untrue: Broken) -> None:
    running = "5s server api ok task_instance key=t old=queued new=running dag_id=a task_id=b run_id=c"
    assert untrue("\n".join((running, REPORT.format("failed"), JOB.format(1, "success")))) == []
