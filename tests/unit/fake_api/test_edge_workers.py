"""What an edge worker's calls do to its row."""

from datetime import timedelta
from typing import Any

import pytest

from fake_api import Settings
from fake_api.names import EdgeWorkerState as Worker
from fake_api.transitions.edge_workers import redefine_state
from tests.unit.fake_api.world import START, SYSINFO, World


def state_of(world: World, name: str = "w1") -> str:
    return world.state.edge_workers[name].state


def test_a_worker_registers(world: World) -> None:
    reply = world.register(queues=["a"])
    assert (reply.status, reply.body) == (200, {"last_update": START, "versions_match": True})
    assert world.state.edge_workers["w1"].queues == ("a",)


#: What a worker that starts is told when one of its name is known already, and the state that is then stored.
DUPLICATES = {
    "starting": (409, "starting"),
    "running": (409, "running"),
    "idle": (409, "idle"),
    "shutdown request": (409, "shutdown request"),
    "terminating": (409, "terminating"),
    "offline": (200, "starting"),
    "unknown": (200, "starting"),
    "maintenance request": (409, "maintenance request"),
    "maintenance pending": (409, "maintenance pending"),
    "maintenance mode": (409, "maintenance mode"),
    "maintenance exit": (409, "maintenance exit"),
    "offline maintenance": (200, "maintenance request"),
}


@pytest.mark.parametrize("state", Worker)
def test_a_name_is_free_once_its_worker_has_left(world: World, state: Worker) -> None:
    world.register(state=state)
    reply = world.register()
    assert (reply.status, state_of(world)) == DUPLICATES[state]
    assert (f"already active in state '{state}'" in str(reply.body)) is (reply.status == 409)


def test_a_silent_worker_keeps_its_name_for_150_seconds(world: World) -> None:
    world.register()
    world.after(150)
    world.sweep()
    assert world.register().status == 409
    world.after(1)
    world.sweep()
    assert state_of(world) == "unknown"
    assert world.register().status == 200


def test_a_worker_lost_in_maintenance_comes_back_to_maintenance(world: World) -> None:
    world.register()
    world.worker_heartbeat(state=Worker.MAINTENANCE_MODE)
    world.after(151)
    world.sweep()
    assert state_of(world) == "offline maintenance"
    world.register()
    assert state_of(world) == "maintenance request"


def test_a_worker_that_reports_is_not_lost(world: World) -> None:
    world.register()
    for _ in range(10):
        world.after(30)
        world.worker_heartbeat()
        world.sweep()
    assert state_of(world) == "idle"


@pytest.mark.parametrize(
    ("stored", "reported", "becomes"),
    [
        ("maintenance request", "idle", "maintenance request"),
        ("maintenance request", "maintenance pending", "maintenance pending"),
        ("maintenance request", "maintenance mode", "maintenance mode"),
        ("maintenance exit", "maintenance pending", "running"),
        ("maintenance exit", "maintenance mode", "idle"),
        ("maintenance exit", "idle", "idle"),
        ("offline maintenance", "starting", "maintenance request"),
        ("maintenance mode", "starting", "maintenance request"),
        ("maintenance pending", "starting", "maintenance request"),
        ("shutdown request", "running", "shutdown request"),
        ("shutdown request", "terminating", "shutdown request"),
        ("shutdown request", "offline", "offline"),
        ("shutdown request", "unknown", "unknown"),
        ("idle", "running", "running"),
    ],
)
def test_an_administrators_wish_outlives_what_the_worker_says(
    stored: str, reported: str, becomes: str
) -> None:
    assert redefine_state(Worker(stored), Worker(reported)) == becomes


@pytest.mark.parametrize(
    ("sysinfo", "settings", "accepted"),
    [
        ({"airflow_version": "3.3.1"}, Settings(), None),
        (
            {"airflow_version": "3.3.1"},
            Settings(minimum_acceptable_core_version_for_workers="3.3.0"),
            False,
        ),
        (
            {"airflow_version": "3.2.9"},
            Settings(minimum_acceptable_core_version_for_workers="3.3.0"),
            None,
        ),
        ({"edge_provider_version": "5.0.0"}, Settings(), None),
        (
            {"edge_provider_version": "5.0.0"},
            Settings(minimum_acceptable_edge_version_for_workers="5.0.0"),
            False,
        ),
        ({}, Settings(), True),
    ],
)
def test_a_version_is_the_servers_or_not_below_the_minimum(
    sysinfo: dict[str, str], settings: Settings, accepted: bool | None
) -> None:
    reply = World(settings=settings).register(sysinfo=SYSINFO | sysinfo)
    assert reply.status == (400 if accepted is None else 200)
    assert reply.body.get("versions_match") is accepted


def test_a_rejected_heartbeat_is_stored_all_the_same(world: World) -> None:
    world.register()
    world.after(10)
    assert world.worker_heartbeat(sysinfo={"airflow_version": "3.2.0"}).status == 400
    assert state_of(world) == "idle"
    assert world.state.edge_workers["w1"].last_update == START + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("new", "remove", "left"),
    [
        (["b"], None, ["a", "b"]),
        (["a"], None, ["a"]),
        (None, ["a"], None),
        (["b"], ["a"], ["b"]),
        (["a", "b", "b"], ["b", "c"], ["a"]),
    ],
)
def test_queues_are_added_and_removed(world: World, new: Any, remove: Any, left: Any) -> None:
    world.register(queues=["a"])
    worker = world.state.edge_workers["w1"]
    world.state.apply(world.state.rules.update_queues(worker, new_queues=new, remove_queues=remove))
    queues = world.state.edge_workers["w1"].queues
    assert queues == (tuple(left) if left else None)


def test_a_worker_nobody_knows_gets_nothing(world: World) -> None:
    assert world.worker_heartbeat().status == 404
    assert world.fetch() == {"detail": "Worker not found"}
