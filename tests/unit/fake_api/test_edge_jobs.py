"""How jobs are handed out, reported on and forgotten."""

from dataclasses import replace

import pytest

from fake_api import RULES
from fake_api.outcome import Outcome
from tests.unit.fake_api.world import World


def fetched(world: World, **ask: object) -> str | None:
    job = world.fetch(**ask)  # type: ignore[arg-type]
    return job["task_id"] if job else None


def test_the_highest_priority_goes_first_then_the_oldest(world: World) -> None:
    world.register()
    world.submit(task_id="first")
    world.after(1)
    world.submit(task_id="second")
    world.submit(task_id="urgent", priority_weight=5)
    assert [fetched(world) for _ in range(4)] == ["urgent", "first", "second", None]


def test_a_worker_gets_jobs_of_its_queues_in_one_order(world: World) -> None:
    world.register()
    world.submit(task_id="a", queue="x")
    world.submit(task_id="b", queue="y", priority_weight=2)
    world.submit(task_id="c", queue="z", priority_weight=3)
    assert [fetched(world, queues=["x", "y"]) for _ in range(3)] == ["b", "a", None]
    assert fetched(world) == "c"


def test_a_job_that_needs_more_slots_waits_and_a_smaller_one_passes(world: World) -> None:
    world.register()
    world.submit(task_id="big", pool_slots=4, priority_weight=9)
    world.submit(task_id="small")
    assert [fetched(world, free=2) for _ in range(2)] == ["small", None]
    assert fetched(world, free=4) == "big"


def test_a_fetched_job_is_parked_as_restarting(world: World) -> None:
    world.register()
    world.submit()
    world.fetch()
    job = world.job()
    assert job is not None
    assert (job.state, job.edge_worker, job.last_update) == ("restarting", "w1", world.at)
    assert world.told("edge_job")[-1] == ("queued", "restarting", "POST jobs/fetch")


def test_any_state_is_taken_in_any_order(world: World) -> None:
    world.submit()
    for state in ("success", "running", "deferred", "failed"):
        assert world.report_job(state).status == 200
        assert world.job() is not None
    assert [new for _, new, _ in world.told("edge_job")] == [
        "queued",
        "success",
        "running",
        "deferred",
        "failed",
    ]


def test_a_report_on_an_unknown_job_is_ignored(world: World) -> None:
    assert world.report_job("success").status == 200
    assert len(world.state.edge_jobs) == 0


@pytest.mark.parametrize(("state", "minutes"), [("success", 5), ("failed", 60), ("up_for_retry", 60)])
def test_a_finished_job_is_purged_after_its_time(world: World, state: str, minutes: int) -> None:
    world.submit()
    world.report_job(state)
    world.after(minutes * 60)
    world.scheduler.executor_sync()
    assert world.job() is not None
    world.after(1)
    world.scheduler.executor_sync()
    assert world.job() is None
    assert world.told("edge_job")[-1] == (state, None, "purge")


def test_a_running_job_without_news_for_300_seconds_takes_the_state_of_its_task(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report_job("running")
    world.report(ti_id, "success", end_date=world.at)
    world.after(300)
    world.scheduler.executor_sync()
    assert world.told("edge_job")[-1][1] == "running"
    world.after(1)
    world.scheduler.executor_sync()
    assert ("running", "success", "orphaned job") in world.told("edge_job")


def test_a_long_task_keeps_its_job_running(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report_job("running")
    world.after(3600)
    world.scheduler.executor_sync()
    job = world.job()
    assert job is not None
    assert job.state == "running"


def test_a_rule_can_be_replaced_to_build_a_wrong_server() -> None:
    def hands_out_twice(*args: object, **kwargs: object) -> Outcome:
        return replace(RULES.fetch_job(*args, **kwargs), rows=(), changes=())

    world = World(rules=replace(RULES, fetch_job=hands_out_twice))
    world.register()
    world.submit()
    assert [fetched(world), fetched(world)] == ["task", "task"]
