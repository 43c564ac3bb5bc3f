"""What each scenario of the catalogue shows, with Airflow's released workers and with our own."""

from __future__ import annotations

import pytest

from harness import Run, Workers, make_plan, run_plan
from harness.catalogue import find
from harness.model.verdict import Answer


def _run(name: str, *, workers: Workers = Workers.EDGE, seed: int = 1, **parameters: str) -> Run:
    scenario = find(name).build(**parameters)
    return run_plan(make_plan(scenario, seed, name=name, parameters=parameters, workers=workers))


def _broken(run: Run) -> set[str]:
    return {found.invariant for found in run.verdict.counterexamples}


@pytest.mark.parametrize("workers", list(Workers))
def test_a_two_minute_partition_loses_no_work(workers: Workers) -> None:
    assert _run("cut-off-worker", workers=workers, lasting="2m").verdict.answer is Answer.VALID


def test_a_ten_minute_partition_ends_the_released_edge_worker() -> None:
    run = _run("cut-off-worker", lasting="10m")
    assert _broken(run) == {"every_worker_rejoins"}
    (end,) = run.history.where(f="worker.exit")
    assert (end.process, end.type) == ("worker-1", "fail")
    assert "ConnectionTimeoutError" in end.value["error"]


def test_a_worker_that_keeps_trying_survives_a_ten_minute_partition() -> None:
    assert _run("cut-off-worker", workers=Workers.SCRIPTED, lasting="10m").verdict.answer is Answer.VALID


@pytest.mark.parametrize("workers", list(Workers))
def test_each_call_of_a_tasks_life_may_lose_its_reply_once(workers: Workers) -> None:
    assert _run("lost-replies", workers=workers).verdict.answer is Answer.VALID


@pytest.mark.parametrize("workers", list(Workers))
def test_the_work_of_a_dead_worker_is_done_by_the_others(workers: Workers) -> None:
    run = _run("kill-and-reroute", workers=workers)
    assert run.verdict.answer is Answer.VALID
    rerun = [event for event in run.history.where(f="body", type="invoke") if event.value["try"] == 2]
    assert rerun
    assert all(event.process != "worker-1" for event in rerun)


def test_a_restart_of_the_api_loses_no_work_of_the_reference_worker() -> None:
    assert _run("api-restart", workers=Workers.SCRIPTED).verdict.answer is Answer.VALID


def test_a_plan_replays_to_the_same_history() -> None:
    first = _run("cut-off-worker", workers=Workers.SCRIPTED, seed=3)
    assert run_plan(first.plan).digest == first.digest


def test_another_seed_is_another_run() -> None:
    digests = {_run("quiet", workers=Workers.SCRIPTED, seed=seed).digest for seed in range(5)}
    assert len(digests) == 5


@pytest.mark.parametrize("workers", [Workers.SUPERVISED, Workers.SCRIPTED])
@pytest.mark.parametrize("ca", ["false", "true"])
def test_a_certificate_that_expires_and_is_replaced_loses_no_work(workers: Workers, ca: str) -> None:
    run = _run("expired-certificate", workers=workers, ca=ca, mutual="true")
    assert run.verdict.answer is Answer.VALID
    reasons = {event.value["reason"] for event in run.history.where(f="connect", type="fail")}
    assert reasons == {"TLS: certificate has expired"}


def test_a_new_authority_ends_every_released_edge_worker_that_runs_already() -> None:
    run = _run("expired-certificate", ca="true")
    assert _broken(run) == {"every_job_is_accounted_for", "every_task_finishes", "every_worker_rejoins"}
    ends = list(run.history.where(f="worker.exit"))
    assert len(ends) == 3
    assert all("ClientConnectorCertificateError" in end.value["error"] for end in ends)
