"""What a supervisor's calls do to a task instance."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.unit.fake_api.world import START, World

UNKNOWN = UUID(int=999)


def detail(reply: Any) -> Any:
    return reply.body["detail"]


def test_a_queued_task_instance_runs(world: World) -> None:
    ti_id = world.submit(retries=2)
    reply = world.run(ti_id, hostname="w1", pid=7)
    assert reply.status == 200
    assert (reply.body["max_tries"], reply.body["should_retry"]) == (2, True)
    assert (world.ti().state, world.ti().hostname, world.ti().pid) == ("running", "w1", 7)


def test_the_same_process_may_ask_to_run_again_because_its_reply_may_be_lost(world: World) -> None:
    ti_id = world.submit()
    first = world.run(ti_id)
    assert world.run(ti_id) == first
    assert world.told("task_instance") == [(None, "queued", "submit"), ("queued", "running", "PATCH run")]


@pytest.mark.parametrize("other", [{"hostname": "w2"}, {"pid": 2}])
def test_nobody_else_may_run_a_running_task_instance(world: World, other: dict[str, Any]) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    reply = world.run(ti_id, **other)
    assert reply.status == 409
    assert detail(reply)["previous_state"] == "running"
    assert world.ti().hostname == "w1"


def test_a_finished_task_instance_does_not_run_again(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report(ti_id, "success", end_date=START)
    assert detail(world.run(ti_id))["previous_state"] == "success"


def test_nothing_is_known_of_an_unknown_id(world: World) -> None:
    world.submit()
    calls = [world.run(UNKNOWN), world.heartbeat(UNKNOWN), world.report(UNKNOWN, "success", end_date=START)]
    assert [reply.status for reply in calls] == [404, 404, 404]


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "removed", "upstream_failed"])
def test_a_terminal_state_keeps_the_id_and_sets_the_duration(world: World, state: str) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    assert world.report(ti_id, state, end_date=START + timedelta(seconds=3)).status == 204
    assert (world.ti().id, world.ti().state, world.ti().duration) == (ti_id, state, 3)


def test_reporting_the_stored_state_again_changes_nothing(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report(ti_id, "success", end_date=START)
    before = world.ti()
    assert world.report(ti_id, "success", end_date=START + timedelta(hours=1)).status == 200
    assert world.ti() == before


def test_only_a_running_task_instance_moves(world: World) -> None:
    ti_id = world.submit()
    reply = world.report(ti_id, "failed", end_date=START)
    assert reply.status == 409
    assert detail(reply)["previous_state"] == "queued"


def test_a_retry_renames_the_task_instance(world: World) -> None:
    old = world.submit(retries=1)
    world.run(old)
    assert world.report(old, "up_for_retry", end_date=START).status == 204
    new = world.ti().id
    assert new != old
    assert world.state.task_instances.history[old].state == "failed"
    change = world.changes[-1]
    assert (change.key, change.new, change.detail["new_id"]) == (str(old), "up_for_retry", str(new))


def test_the_id_of_an_earlier_try_is_gone(world: World) -> None:
    old = world.submit(retries=1)
    world.run(old)
    world.report(old, "up_for_retry", end_date=START)
    assert world.heartbeat(old).status == 410
    assert world.run(old).status == 404
    assert world.report(old, "up_for_retry", end_date=START).status == 404


@pytest.mark.parametrize(
    "payload",
    [
        {"state": "queued"},
        {"state": "scheduled"},
        {"state": "restarting"},
        {"state": "up_for_retry"},
        {"state": "deferred"},
        {"state": "up_for_reschedule"},
        {"state": "awaiting_input"},
    ],
)
def test_an_intermediate_state_without_its_fields_is_swallowed_and_fails_the_task(
    world: World, payload: dict[str, str]
) -> None:
    ti_id = world.submit(retries=3)
    world.run(ti_id)
    assert world.report(ti_id, **payload).status == 204
    assert (world.ti().id, world.ti().state) == (ti_id, "failed")


def test_a_deferred_task_instance_remembers_where_to_go_on(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    timeout = timedelta(minutes=1)
    world.report(ti_id, "deferred", classpath="a.T", next_method="done", trigger_timeout=timeout)
    ti = world.ti()
    assert (ti.state, ti.next_method, ti.trigger_timeout) == ("deferred", "done", START + timeout)


@pytest.mark.parametrize(("key", "status"), [("k" * 250, 204), ("k" * 251, 422), ("  ", 422), (None, 204)])
def test_a_partition_key_has_1_to_250_characters(world: World, key: str | None, status: int) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    reply = world.report(ti_id, "success", end_date=START, outlet_events=[{"partition_key": key}])
    assert reply.status == status


def test_a_heartbeat_is_remembered_and_changes_no_state(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.after(5)
    assert world.heartbeat(ti_id).status == 204
    assert world.ti().last_heartbeat_at == START + timedelta(seconds=5)
    assert len(world.told("task_instance")) == 2


def test_a_heartbeat_from_elsewhere_is_told_where_the_task_runs(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    reply = world.heartbeat(ti_id, hostname="w2")
    assert reply.status == 409
    assert detail(reply)["reason"] == "running_elsewhere"
    assert (detail(reply)["current_hostname"], detail(reply)["current_pid"]) == ("w1", 1)


def test_where_a_task_runs_is_checked_before_whether_it_runs(world: World) -> None:
    ti_id = world.submit()
    reply = world.heartbeat(ti_id)
    assert (detail(reply)["reason"], detail(reply)["current_hostname"]) == ("running_elsewhere", "")


def test_a_heartbeat_after_the_end_is_told_to_stop(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report(ti_id, "failed", end_date=START)
    assert detail(world.heartbeat(ti_id))["reason"] == "not_running"


def test_clearing_a_running_task_instance_restarts_it_under_a_new_id(world: World) -> None:
    old = world.submit()
    world.run(old)
    new = world.state.clear(old)
    assert (world.ti().id, world.ti().state) == (new, "restarting")
    assert world.heartbeat(old).status == 410


def test_a_task_is_submitted_once(world: World) -> None:
    world.submit()
    with pytest.raises(ValueError, match="give it another run_id or map_index"):
        world.submit()


def test_clearing_wants_the_id_of_the_current_try(world: World) -> None:
    with pytest.raises(KeyError, match="no live task instance"):
        world.state.clear(UNKNOWN)
