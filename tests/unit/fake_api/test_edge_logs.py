"""How a worker pushes a log in chunks."""

from typing import Any
from uuid import UUID

import pytest

from fake_api import Settings
from tests.unit.fake_api.edge_client import Edge
from tests.unit.fake_api.world import World

TRY = "dag/task/run/1/-1"


def push(edge: Edge, second: int, data: str, path: str = TRY, **body: Any) -> int:
    chunk = {"log_chunk_time": f"2026-01-01T00:00:{second:02}Z", "log_chunk_data": data} | body
    return edge.work("POST", f"logs/push/{path}", chunk).status


def kept(world: World) -> list[str]:
    return [text for chunks in world.state.edge_logs.values() for text in chunks.values()]


def test_a_log_is_kept_chunk_by_chunk(world: World) -> None:
    edge = Edge(world)
    world.submit()
    assert [push(edge, 1, "one "), push(edge, 2, "two")] == [200, 200]
    assert "".join(kept(world)) == "one two"


def test_a_chunk_of_a_known_time_is_refused_and_the_first_one_stays(world: World) -> None:
    """So a worker that did not hear of its success and sends it again gets 500, each time."""
    edge = Edge(world)
    world.submit()
    assert [push(edge, 1, "first"), push(edge, 1, "first"), push(edge, 1, "other")] == [200, 500, 500]
    assert kept(world) == ["first"]


def test_a_log_of_no_task_instance_has_no_place(world: World) -> None:
    assert push(Edge(world), 1, "x") == 500


@pytest.mark.parametrize(("database", "status"), [("postgresql", 500), ("sqlite", 200)])
def test_a_nul_is_refused_by_postgresql(database: Any, status: int) -> None:
    world = World(settings=Settings(database=database))
    world.submit()
    assert push(Edge(world), 1, "a\0b") == status


def test_a_log_goes_with_its_job(world: World) -> None:
    world.submit()
    push(Edge(world), 1, "x")
    world.report_job("success")
    world.after(301)
    world.scheduler.executor_sync()
    assert kept(world) == []


def test_the_path_is_asked_for_by_key_or_by_uuid(world: World) -> None:
    edge = Edge(world)
    ti_id = world.submit()
    assert edge.work("GET", f"logs/logfile_path/{TRY}").body == (
        "dag_id=dag/run_id=run/task_id=task/attempt=1.log"
    )
    assert edge.work("GET", "logs/logfile_path/no/no/no/1/-1").status == 500
    assert push(edge, 1, "x", task_instance_id=str(ti_id)) == 200
    assert push(edge, 2, "x", task_instance_id=str(UUID(int=7))) == 500


@pytest.mark.parametrize(
    "time",
    ["2026-01-01T00:00:01", "2026-01-01", "0001-01-01T00:00:00+14:00"],
    ids=["naive", "date", "before"],
)
def test_a_moment_that_the_database_cannot_hold_in_utc_is_refused(world: World, time: str) -> None:
    world.submit()
    assert push(Edge(world), 1, "x", log_chunk_time=time) == 500


def test_one_moment_in_two_time_zones_is_one_chunk(world: World) -> None:
    edge = Edge(world)
    world.submit()
    times = ["2026-01-01T00:00:01Z", "2026-01-01T01:00:01+01:00"]
    assert [push(edge, 1, "x", log_chunk_time=time) for time in times] == [200, 500]


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_half_of_a_surrogate_pair_is_refused_by_any_database(database: Any) -> None:
    world = World(settings=Settings(database=database))
    world.submit()
    assert push(Edge(world), 1, "\ud800") == 500
