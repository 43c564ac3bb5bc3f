"""What a task may ask about other task instances, and how it skips them."""

from datetime import timedelta
from typing import Any

import pytest

from fake_api import TaskSpec
from fake_api.rows import AssetKey
from tests.unit.fake_api.client import Api
from tests.unit.fake_api.world import START, World


def submit_three(world: World) -> None:
    """Tasks a and b, b mapped twice and in a group; a runs."""
    world.run(world.submit(task_id="a"))
    for map_index in (0, 1):
        world.submit(task_id="b", map_index=map_index, groups=("group",))


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 3),
        ({"task_ids": ["a", "b"]}, 3),
        ({"task_ids": ["b"]}, 2),
        ({"map_index": 1}, 1),
        ({"run_ids": ["run", "other"]}, 3),
        ({"run_ids": ["other"]}, 0),
        ({"logical_dates": [START.isoformat()]}, 3),
        ({"logical_dates": [(START + timedelta(days=1)).isoformat()]}, 0),
        ({"states": ["queued"]}, 2),
        ({"states": ["null"]}, 0),
        ({"states": ["null", "running"]}, 1),
        ({"task_group_id": "group"}, 2),
        ({"task_group_id": "group", "map_index": 5}, 0),
    ],
)
def test_task_instances_are_counted_by_every_criterion(
    world: World, api: Api, criteria: dict[str, Any], count: int
) -> None:
    submit_three(world)
    assert api.get("/task-instances/count", dag_id="dag", **criteria).body == count


def test_a_task_without_a_state_counts_as_null(world: World, api: Api) -> None:
    world.state.clear(world.submit())
    assert api.get("/task-instances/count", dag_id="dag", states=["null"]).body == 1


def test_a_date_that_is_none_is_refused_with_its_position(api: Api) -> None:
    answer = api.get("/task-instances/count", dag_id="dag", logical_dates=[START.isoformat(), "x"])
    assert (answer.status, answer.detail[0]["loc"]) == (422, ["query", "logical_dates", 1])


def test_states_are_told_by_run_and_task_with_the_map_index_in_the_name(world: World, api: Api) -> None:
    submit_three(world)
    states = api.get("/task-instances/states", dag_id="dag").body["task_states"]
    assert states == {"run": {"a": "running", "b_0": "queued", "b_1": "queued"}}


def test_a_group_stands_alone_or_adds_to_the_tasks_asked_for(world: World, api: Api) -> None:
    submit_three(world)
    group = {"dag_id": "dag", "task_group_id": "group"}
    alone = api.get("/task-instances/states", **group).body["task_states"]["run"]
    added = api.get("/task-instances/states", **group, task_ids=["a"]).body["task_states"]["run"]
    assert (sorted(alone), sorted(added)) == (["b_0", "b_1"], ["a", "b_0", "b_1"])


@pytest.mark.parametrize("path", ["count", "states"])
def test_an_unknown_group_is_not_found(world: World, api: Api, path: str) -> None:
    submit_three(world)
    answer = api.get(f"/task-instances/{path}", dag_id="dag", task_group_id="zz")
    assert (answer.status, answer.detail["message"]) == (404, "Task group zz not found in DAG dag")


def test_a_group_of_an_unknown_dag_is_not_found(api: Api) -> None:
    answer = api.get("/task-instances/count", dag_id="zz", task_group_id="group")
    assert (answer.status, answer.detail["message"]) == (404, "The Dag with ID: `zz` was not found")


def test_breadcrumbs_tell_of_finished_tasks_in_order(world: World, api: Api) -> None:
    for task_id in ("b", "a", "c"):
        world.submit(task_id=task_id, operator="BashOperator")
    for task_id in ("b", "a"):
        world.run(world.ti(task_id).id)
        world.report(world.ti(task_id).id, "failed", end_date=START + timedelta(seconds=2))
    told = api.get("/task-instances/breadcrumbs", dag_id="dag", run_id="run").body["breadcrumbs"]
    rest = {"map_index": -1, "state": "failed", "operator": "BashOperator", "duration": 2.0}
    assert told == [{"task_id": "a"} | rest, {"task_id": "b"} | rest]


def three_days(world: World) -> None:
    for day in range(3):
        world.state.submit(TaskSpec(dag_id="dag", task_id="task", run_id=f"day_{day}"))
        world.after(86_400)


@pytest.mark.parametrize(
    ("criteria", "run_id"),
    [
        ({}, "day_2"),
        ({"logical_date": (START + timedelta(days=2)).isoformat()}, "day_1"),
        ({"state": "queued"}, "day_2"),
        ({"state": "running"}, None),
        ({"map_index": 0}, None),
    ],
)
def test_the_previous_task_instance_is_the_latest_before_a_date(
    world: World, api: Api, criteria: dict[str, Any], run_id: str | None
) -> None:
    three_days(world)
    found = api.get("/task-instances/previous/dag/task", **criteria).body
    assert (found and found["run_id"]) == run_id


def test_the_previous_successful_run_is_the_latest_that_succeeded(world: World, api: Api) -> None:
    ti_id = world.submit()
    for days in (1, 2, 3):
        state = "failed" if days == 1 else "success"
        date = START - timedelta(days=days)
        world.state.add_dag_run("dag", f"r{days}", logical_date=date, state=state, end_date=date)
    told = api.of(ti_id).get(f"/task-instances/{ti_id}/previous-successful-dagrun").body
    assert told["end_date"] == "2025-12-30T00:00:00Z"


def test_there_is_no_previous_successful_run_of_an_unknown_task_instance(api: Api) -> None:
    told = api.get(f"/task-instances/{api.subject}/previous-successful-dagrun")
    assert (told.status, set(told.body.values())) == (200, {None})


def test_inlets_and_outlets_that_are_not_active_are_told(world: World, api: Api) -> None:
    known, gone, unknown = AssetKey("a", "s3://a"), AssetKey("b", "s3://b"), AssetKey("c", "s3://c")
    world.state.add_asset(*known)
    world.state.add_asset(*gone, active=False)
    ti_id = world.submit(inlets=(known, gone), outlets=(gone, unknown))
    told = api.of(ti_id).get(f"/task-instances/{ti_id}/validate-inlets-and-outlets").body
    assert told["inactive_assets"] == [
        {"name": "b", "uri": "s3://b", "type": "Asset"},
        {"name": "c", "uri": "s3://c", "type": "Asset"},
    ]


def test_inlets_and_outlets_of_an_unknown_task_instance_are_not_found(api: Api) -> None:
    assert api.get(f"/task-instances/{api.subject}/validate-inlets-and-outlets").status == 404


def skip(api: Api, tasks: list[Any]) -> int:
    path = f"/task-instances/{api.subject}/skip-downstream"
    return api.call("PATCH", path, json={"tasks": tasks}).status


def test_downstream_tasks_are_skipped_by_name_or_by_name_and_map_index(world: World, api: Api) -> None:
    submit_three(world)
    ti_id = world.submit(task_id="branch")
    assert skip(api.of(ti_id), ["c", "branch", ["b", 1]]) == 204
    states = api.get("/task-instances/states", dag_id="dag").body["task_states"]["run"]
    assert states == {"a": "running", "b_0": "queued", "b_1": "skipped", "branch": "skipped"}


@pytest.mark.parametrize("state", ["success", "failed"])
def test_what_has_run_is_not_skipped(world: World, api: Api, state: str) -> None:
    ti_id = world.submit()
    world.run(ti_id)
    world.report(ti_id, state, end_date=START)
    assert skip(api.of(ti_id), ["task"]) == 204
    assert world.ti().state == state


def test_a_skipped_task_instance_has_dates(world: World, api: Api) -> None:
    ti_id = world.submit()
    world.after(5)
    skip(api.of(ti_id), ["task"])
    assert (world.ti().start_date, world.ti().end_date) == (world.at, world.at)
    assert world.told("task_instance")[-1] == ("queued", "skipped", "PATCH skip-downstream")


def test_an_unknown_task_instance_skips_nothing(api: Api) -> None:
    assert skip(api, ["a"]) == 404
