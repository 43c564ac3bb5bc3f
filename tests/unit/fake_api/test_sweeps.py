"""What the scheduler does on its own: zombies, retries, stuck tasks, restarts."""

import asyncio
from datetime import timedelta

import pytest

from fake_api import Scheduler
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome
from tests.unit.fake_api.world import START, World, token_of


def test_a_silent_task_is_retried_under_a_new_id_on_another_worker(world: World) -> None:
    world.register("w1")
    world.register("w2")
    world.submit(retries=1)
    old = world.start("w1")
    world.after(301)
    world.sweep()
    assert world.ti().state == "up_for_retry"
    assert world.ti().id != old
    assert world.heartbeat(old).status == 410
    world.sweep()
    world.after(300)
    world.sweep()
    assert (world.ti().state, world.ti().try_number) == ("queued", 2)
    assert world.start("w2") == world.ti().id
    assert world.ti().hostname == "w2"


def test_a_task_is_silent_only_after_300_seconds(world: World) -> None:
    world.run(world.submit())
    world.after(300)
    world.sweep()
    assert world.ti().state == "running"
    world.after(1)
    world.sweep()
    assert world.ti().state == "failed"
    assert world.told("log") == [
        (None, "heartbeat timeout", "heartbeat timeout"),
        (None, "state mismatch", "state mismatch"),
    ]
    assert world.told("task_instance")[-1] == ("running", "failed", "heartbeat timeout")


def test_heartbeats_keep_a_task_alive(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    for _ in range(10):
        world.after(200)
        assert world.heartbeat(ti_id).status == 204
        world.sweep()
    assert world.ti().state == "running"


def test_two_retries_are_three_tries(world: World) -> None:
    world.register()
    world.submit(retries=2, retry_delay=60)
    for _ in range(3):
        world.start()
        world.after(301)
        world.sweep()
        world.worker_heartbeat()
        world.sweep()
        world.after(60)
        world.sweep()
    assert (world.ti().state, world.ti().try_number) == ("failed", 3)


def test_the_job_of_a_silent_try_is_queued_again_when_its_retry_is_queued_at_once(world: World) -> None:
    """Released Airflow does so: an orphaned job takes the state of the task instance, whatever the try."""
    world.register("w1")
    world.submit(retries=1, retry_delay=0)
    old = world.start("w1")
    world.after(301)
    world.sweep()
    world.sweep()
    stale = world.fetch("w1")
    assert (stale["try_number"], stale["command"]["ti"]["id"]) == (1, str(old))
    assert world.run(old).status == 404


def test_a_retry_waits_for_its_delay_and_gets_a_fresh_token_and_job(world: World) -> None:
    ti_id = world.submit(retries=1, retry_delay=30)
    first = token_of(world.job(1))
    world.run(ti_id)
    world.report(ti_id, "up_for_retry", end_date=world.at)
    world.after(29)
    world.sweep()
    assert world.ti().state == "up_for_retry"
    world.after(1)
    world.sweep()
    assert world.ti().state == "queued"
    assert token_of(world.job(2)) != first
    assert world.told("task_instance")[-1] == ("up_for_retry", "queued", "retry delay passed")


def test_a_retry_may_ask_for_another_delay(world: World) -> None:
    ti_id = world.submit(retries=1)
    world.run(ti_id)
    world.report(ti_id, "up_for_retry", end_date=world.at, retry_delay_seconds=2.5)
    world.after(2.5)
    world.sweep()
    assert world.ti().state == "queued"


def test_a_rescheduled_sensor_goes_on_in_the_same_try(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    later = world.at + timedelta(seconds=60)
    world.report(ti_id, "up_for_reschedule", end_date=world.at, reschedule_date=later)
    world.after(60)
    world.sweep()
    assert (world.ti().id, world.ti().state, world.ti().try_number) == (ti_id, "queued", 1)
    assert world.run(ti_id).body["task_reschedule_count"] == 1


def test_a_deferred_task_is_left_alone(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report(ti_id, "deferred", classpath="a.T", next_method="done")
    world.after(86_400)
    world.sweep()
    assert world.ti().state == "deferred"


def test_a_task_stuck_in_queued_is_rescued_twice_and_then_fails(world: World) -> None:
    world.submit()
    for _ in range(2):
        world.after(601)
        world.sweep()
        assert (world.ti().state, world.ti().try_number) == ("queued", 1)
    world.after(601)
    world.sweep()
    assert world.ti().state == "failed"
    assert world.job() is None


def test_a_task_is_not_stuck_before_600_seconds(world: World) -> None:
    world.submit()
    world.after(600)
    world.sweep()
    assert len(world.told("task_instance")) == 1


def test_running_forgives_earlier_rescues(world: World) -> None:
    ti_id = world.submit()
    world.after(601)
    world.sweep()
    assert world.ti().stuck_in_queued == 1
    world.run(ti_id)
    assert world.ti().stuck_in_queued == 0


def test_a_lost_fetch_reply_strands_the_job_until_the_queue_timeout(world: World) -> None:
    world.register("w1")
    world.submit()
    world.fetch("w1")
    world.after(590)
    world.worker_heartbeat()
    world.sweep()
    assert world.fetch("w1") is None
    world.after(11)
    world.sweep()
    assert world.fetch("w1")["try_number"] == 1


def test_a_task_whose_supervisor_died_is_failed_by_its_job(world: World) -> None:
    world.register()
    world.submit(retries=1)
    old = world.start()
    world.report_job("failed")
    world.sweep()
    assert (world.ti().state, world.ti().id == old) == ("up_for_retry", False)
    assert world.told("task_instance")[-1][2] == "state mismatch"


def test_a_job_that_succeeds_while_its_task_runs_is_a_mismatch_too(world: World) -> None:
    world.register()
    world.submit()
    world.start()
    world.report_job("success")
    world.sweep()
    assert world.ti().state == "failed"


def test_a_job_that_fails_before_its_task_ran_keeps_the_id(world: World) -> None:
    ti_id = world.submit(retries=1)
    world.report_job("failed")
    world.sweep()
    assert (world.ti().id, world.ti().state) == (ti_id, "up_for_retry")


def test_a_task_that_told_its_end_itself_is_left_as_it_is(world: World) -> None:
    world.register()
    world.submit()
    ti_id = world.start()
    world.report(ti_id, "success", end_date=world.at)
    world.report_job("success")
    world.sweep()
    assert world.ti().state == "success"
    assert world.told("log") == []


def test_a_late_word_on_an_earlier_try_is_ignored(world: World) -> None:
    world.register()
    world.submit(retries=1, retry_delay=0)
    ti_id = world.start()
    world.report(ti_id, "up_for_retry", end_date=world.at)
    world.sweep()
    world.start(pid=2)
    world.report_job("failed", try_number=1)
    world.sweep()
    assert (world.ti().state, world.ti().try_number) == ("running", 2)


def test_a_cleared_task_runs_again_when_its_supervisor_is_gone(world: World) -> None:
    world.register()
    world.submit(retry_delay=0)
    world.state.clear(world.start())
    world.report_job("failed")
    world.sweep()
    assert world.ti().state == "up_for_retry"
    world.sweep()
    assert (world.ti().state, world.ti().try_number) == ("queued", 2)


def test_a_restarted_scheduler_adopts_what_still_has_a_job(world: World) -> None:
    world.register()
    world.submit()
    ti_id = world.start()
    world.after(31)
    world.scheduler = Scheduler(world.state)
    world.sweep()
    assert (world.ti().id, world.ti().queued_by_job_id) == (ti_id, 2)


def test_a_restarted_scheduler_starts_over_what_has_no_job(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    job = world.job()
    assert job is not None
    world.state.apply(Outcome(deleted=(job.key,)))
    world.after(31)
    world.scheduler = Scheduler(world.state)
    world.sweep()
    assert world.ti().id != ti_id
    assert (world.ti().state, world.ti().try_number) == ("queued", 2)


def test_the_tasks_of_another_scheduler_are_not_failed_for_silence(world: World) -> None:
    world.run(world.submit())
    world.after(301)
    restarted = Scheduler(world.state)
    restarted.heartbeat_timeouts()
    restarted.process_executor_events()
    assert world.ti().state == "running"


class Stop(Exception):
    """Ends the scheduler's loop."""


@pytest.mark.parametrize(
    ("seconds", "state"), [(300, "running"), (310, "running"), (312, "up_for_retry"), (700, "queued")]
)
def test_the_loop_calls_every_sweep_at_its_interval(world: World, seconds: int, state: str) -> None:
    world.run(world.submit(retries=1))

    async def sleep(duration: float) -> None:
        world.after(duration)
        if world.at >= START + timedelta(seconds=seconds):
            raise Stop

    with pytest.raises(Stop):
        asyncio.run(world.scheduler.run(sleep))
    assert world.ti().state == TaskInstanceState(state)
