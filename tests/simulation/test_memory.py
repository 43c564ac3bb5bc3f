"""Memory runs short on a simulated host: the kernel kills one process, and the others live on with what that means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.invariants import INVARIANTS, judge
from harness.model.faults import Fault, Kill, OutOfMemory, Victim
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.sim.session import run_in_sim
from harness.units import minutes, seconds
from tests.simulation.plans import small_plan

RELEASED = pytest.mark.parametrize("workers", [Workers.EDGE, Workers.SUPERVISED])


def _plan(
    *faults: Fault, workers: Workers = Workers.SUPERVISED, tasks: int = 1, retries: int = 0, count: int = 1
) -> Plan:
    plan = small_plan(*faults, workers=workers, count=count)
    (task,) = plan.submissions
    several = tuple(replace(task, task_id=f"t{n}", retries=retries) for n in range(tasks))
    return replace(plan, submissions=several)


def _run(*faults: Fault, **more: int | Workers) -> History:
    return run_in_sim(_plan(*faults, **more)).history  # type: ignore[arg-type]


def _bodies(history: History) -> list[tuple[int, str]]:
    """When bodies began and ended, and how."""
    return [(event.t // 10**9, event.type) for event in history.where(witness="body")]


def _worker(history: History) -> list[tuple[int, str]]:
    return [
        (event.t // 10**9, event.f)
        for event in history.where(witness="world")
        if event.f in ("worker.start", "worker.exit")
    ]


def _states(history: History, table: str) -> list[str]:
    return [event.value["new"] for event in history.where(witness="server", f=table)]


@RELEASED
def test_a_killed_task_has_a_supervisor_that_lives_and_reports_the_failure(workers: Workers) -> None:
    history = _run(OutOfMemory(target="worker-1", at=seconds(10)), workers=workers)
    assert _bodies(history) == [(5, "invoke"), (10, "info")]
    assert _worker(history) == [(0, "worker.start")]
    assert _states(history, "task_instance") == ["queued", "running", "failed"]
    reports = [event.value["cause"] for event in history.where(f="task_instance")]
    assert reports[-1] == "PATCH state"


@RELEASED
def test_of_a_killed_task_with_retries_left_the_supervisor_reports_nothing_and_the_scheduler_notices(
    workers: Workers,
) -> None:
    """The released supervisor counts on a report of the task that a dead task never made; the scheduler mends it."""
    plan = _plan(OutOfMemory(target="worker-1", at=seconds(10)), workers=workers, retries=1)
    plan = replace(plan, settle=minutes(15), invariants=tuple(INVARIANTS))
    history = run_in_sim(plan).history
    mended = [event.value["cause"] for event in history.where(f="task_instance", type="ok")][2]
    assert mended == "state mismatch"
    assert [event.type for event in history.where(witness="body")] == ["invoke", "info", "invoke", "ok"]
    verdict = judge(history, plan)
    assert {found.invariant for found in verdict.counterexamples} == {"every_end_is_reported"}


def test_one_task_is_killed_and_the_others_go_on() -> None:
    history = _run(OutOfMemory(target="worker-1", at=seconds(10)), tasks=3, count=2)
    assert sorted(kind for _, kind in _bodies(history)) == ["info", "invoke", "invoke", "invoke", "ok", "ok"]
    strikes = [(event.value["victim"], event.value["what"]) for event in history.where(f="fault.strike")]
    assert strikes == [("worker-1", "its largest task was killed")]


def test_as_long_as_memory_is_short_each_task_that_begins_is_killed() -> None:
    short = OutOfMemory(target="worker-1", at=seconds(1), lasting=seconds(60))
    plan = _plan(short, retries=3)
    (task,) = plan.submissions
    plan = replace(plan, submissions=(replace(task, retry_delay=seconds(15)),))
    ended = [when for when, kind in _bodies(run_in_sim(plan).history) if kind != "invoke"]
    assert len(ended) > 2
    assert all(when < 61 for when in ended[:-1])
    assert [kind for _, kind in _bodies(run_in_sim(plan).history)][-1] == "ok"


@RELEASED
def test_a_killed_worker_leaves_tasks_that_go_on_and_report(workers: Workers) -> None:
    history = _run(OutOfMemory(target="worker-1", at=seconds(10), victim=Victim.WORKER), workers=workers)
    assert _bodies(history) == [(5, "invoke"), (25, "ok")]
    assert _worker(history) == [(0, "worker.start"), (10, "worker.exit")]
    assert _states(history, "task_instance")[-1] == "success"
    assert not [
        event for event in history.where(witness="client") if event.f == "jobs.fetch" and event.t > 10**10
    ]


def test_a_killed_worker_comes_back_beside_its_tasks_and_works() -> None:
    short = OutOfMemory(target="worker-1", at=seconds(10), lasting=seconds(5), victim=Victim.WORKER)
    history = _run(short)
    assert _worker(history) == [(0, "worker.start"), (10, "worker.exit"), (15, "worker.start")]
    assert _bodies(history) == [(5, "invoke"), (25, "ok")]
    fetched = [event.seconds for event in history.where(witness="client", f="jobs.fetch", type="ok")]
    assert max(fetched) > 100


def test_what_a_killed_worker_left_dies_with_its_host() -> None:
    short = OutOfMemory(target="worker-1", at=seconds(10), lasting=seconds(5), victim=Victim.WORKER)
    history = _run(short, Kill(target="worker-1", at=seconds(20)))
    assert _bodies(history) == [(5, "invoke"), (20, "info")]
    assert not [event for event in history.where(witness="client", type="ok") if event.t > 20 * 10**9]


def test_a_scripted_worker_is_the_process_of_its_tasks() -> None:
    history = _run(
        OutOfMemory(target="worker-1", at=seconds(10), lasting=seconds(5)), workers=Workers.SCRIPTED
    )
    assert _bodies(history)[:2] == [(5, "invoke"), (10, "info")]
    assert _worker(history) == [(0, "worker.start"), (10, "worker.exit"), (15, "worker.start")]


@pytest.mark.parametrize("victim", Victim)
def test_two_runs_of_it_are_the_same(victim: Victim) -> None:
    plan = _plan(OutOfMemory(target="worker-*", at=seconds(8), lasting=seconds(9), victim=victim), tasks=2)
    assert run_in_sim(plan).history.digest() == run_in_sim(plan).history.digest()


def test_a_run_in_which_no_task_was_there_to_be_killed_is_not_valid() -> None:
    plan = _plan(OutOfMemory(target="worker-1", at=seconds(100)))
    assert judge(run_in_sim(plan).history, plan).answer == "unknown"
