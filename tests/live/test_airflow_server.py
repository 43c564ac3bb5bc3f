"""Plans run against a released Airflow: its api-server, its scheduler and its EdgeExecutor, on a fresh home."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import Fleet, Kill, RestartServer, Scenario, Tasks, seconds
from harness.errors import NotInstallable
from harness.model.history import Event, History
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import Run, run_plan
from harness.units import NANOSECONDS

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(1500)]  # it may have to be installed

HUNDRED = Scenario(
    fleet=Fleet(count=3, slots=10),
    tasks=Tasks(count=100, lasting=(seconds(1), seconds(2)), over=seconds(5)),
    faults=(RestartServer(at=seconds(40), lasting=seconds(1)),),
    until=seconds(42),
    settle=seconds(15),
    options={"edge.job_poll_interval": "1"},
)
KILL = Scenario(
    fleet=Fleet(count=2, slots=3),
    tasks=Tasks(count=6, lasting=(seconds(18), seconds(18)), over=seconds(1), retry_delay=seconds(3)),
    faults=(Kill(target="worker-1", at=seconds(15)),),
    until=seconds(16),
    settle=seconds(55),
    options={
        "edge.heartbeat_interval": "5",
        "edge.job_poll_interval": "2",
        "scheduler.task_instance_heartbeat_timeout": "20",
        "scheduler.task_instance_heartbeat_timeout_detection_interval": "5",
    },
)


def _run(plan: Plan, server: str) -> Run:
    """The run; skipped where the release, or its database, cannot be installed."""
    try:
        return run_plan(plan, world="live", server=server)
    except NotInstallable as error:
        pytest.skip(str(error))


def test_a_hundred_tasks_of_one_dag_run_succeed_on_our_scripted_fleet_and_the_api_server_is_killed_after() -> (
    None
):
    plan = make_plan(HUNDRED, 1, name="hundred", workers=Workers.SCRIPTED)
    run = _run(plan, "airflow+postgres")
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert _states(run, "dag_run") == ["queued", "running", "success"]
    assert _states(run, "task_instance").count("success") == 100
    assert {event.process for event in run.history.where(witness="body", type="ok")} == {
        "worker-1",
        "worker-2",
        "worker-3",
    }


def test_the_work_of_a_killed_worker_is_finished_by_another_under_the_real_scheduler() -> None:
    plan = make_plan(KILL, 1, name="kill-and-reroute", workers=Workers.EDGE)
    real, simulated = _run(plan, "airflow"), run_plan(plan)
    assert real.verdict.answer == "valid", real.verdict.counterexamples
    print(_told("real", real), _told("simulated", simulated), sep="\n")
    assert _states(real, "dag_run")[-1] == "success"
    assert [name for name, _ in _stations(real.history)] == [name for name, _ in _stations(simulated.history)]


def _states(run: Run, table: str) -> list[str]:
    return [event.value["new"] for event in run.history.where(witness="server", f=table)]


def _stations(history: History) -> list[tuple[str, float]]:
    """What became of the first task that the kill cut short, with seconds since the kill."""
    kill = next(history.where(witness="nemesis", f="fault.begin"))
    cut = next(event for event in history.where(witness="body", type="info") if event.t >= kill.t)

    def first(name: str, test: Callable[[Event], bool]) -> tuple[str, float]:
        found = next(event for event in history if event.t > kill.t and test(event))
        return name, (found.t - kill.t) / NANOSECONDS

    def state(new: str) -> Callable[[Event], bool]:
        return lambda event: (
            event.f == "task_instance"
            and event.value["new"] == new
            and f"{event.value['dag_id']}/{event.value['task_id']}/{event.value['run_id']}"
            == cut.value["task"]
        )

    return [
        first("up_for_retry", state("up_for_retry")),
        first("running elsewhere", state("running")),
        first("success", state("success")),
    ]


def _told(name: str, run: Run) -> str:
    return f"{name}: " + ", ".join(f"{what} after {after:.1f} s" for what, after in _stations(run.history))
