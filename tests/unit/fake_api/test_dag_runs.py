"""Dags and their runs: looked at, triggered, cleared, started."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fake_api import TaskSpec
from tests.unit.fake_api.client import Answer, Api
from tests.unit.fake_api.world import START, World

TASKS = (
    TaskSpec(dag_id="etl", task_id="load", run_id="", retries=1),
    TaskSpec(dag_id="etl", task_id="send", run_id=""),
)


def trigger(api: Api, run_id: str = "child", **body: Any) -> Answer:
    return api.call("POST", f"/dag-runs/etl/{run_id}", json=body)


def states(api: Api, run_id: str = "child") -> Any:
    return api.get("/task-instances/states", dag_id="etl").body["task_states"].get(run_id)


def test_a_dag_is_told_with_its_tags_in_order(world: World, api: Api) -> None:
    world.state.add_dag("etl", tags=("b", "a"), next_dagrun=START, is_paused=True)
    told = api.get("/dags/etl").body
    assert (told["tags"], told["next_dagrun"], told["is_paused"]) == (
        ["a", "b"],
        "2026-01-01T00:00:00Z",
        True,
    )


def test_a_submitted_task_brings_its_dag(world: World, api: Api) -> None:
    world.submit(dag_rel_path="some.py")
    assert api.get("/dags/dag").body["relative_fileloc"] == "some.py"


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 2),
        ({"run_ids": ["a"]}, 1),
        ({"states": ["failed", "success"]}, 1),
        ({"logical_dates": [START.isoformat()]}, 1),
    ],
)
def test_runs_are_counted_by_every_criterion(
    world: World, api: Api, criteria: dict[str, Any], count: int
) -> None:
    world.state.add_dag_run("etl", "a")
    world.state.add_dag_run("etl", "b", state="success", logical_date=None)
    assert api.get("/dag-runs/count", dag_id="etl", **criteria).body == count


@pytest.mark.parametrize(("state", "run_id"), [(None, "day_1"), ("success", "day_0"), ("failed", None)])
def test_the_previous_run_is_the_latest_before_a_date(
    world: World, api: Api, state: str | None, run_id: str | None
) -> None:
    for day, each in enumerate(("success", "running", "success")):
        date = START + timedelta(days=day)
        world.state.add_dag_run("etl", f"day_{day}", logical_date=date, state=each)
    criteria = {"logical_date": (START + timedelta(days=2)).isoformat()} | ({"state": state} if state else {})
    found = api.get("/dag-runs/previous", dag_id="etl", **criteria).body
    assert (found and found["run_id"]) == run_id


def test_the_state_of_an_unknown_run_is_not_found(api: Api) -> None:
    answer = api.get("/dag-runs/etl/zz/state")
    assert answer.detail["message"] == "Dag run with dag_id 'etl' and run_id 'zz' was not found"


def test_a_triggered_run_waits_and_then_its_tasks_run(world: World, api: Api) -> None:
    world.state.add_dag("etl", tasks=TASKS)
    assert trigger(api, conf={"x": 1}).status == 204
    run = api.get("/dag-runs/etl/child").body
    assert (run["state"], run["run_type"], run["conf"]) == ("queued", "operator_triggered", {"x": 1})
    assert (run["start_date"], run["logical_date"], run["data_interval_end"]) == (None, None, None)
    assert states(api) == {"load": None, "send": None}
    world.sweep()
    assert api.get("/dag-runs/etl/child/state").body == {"state": "running"}
    assert states(api) == {"load": "queued", "send": "queued"}
    assert world.ti("load").max_tries == 1


def test_the_runs_of_a_paused_dag_wait(world: World, api: Api) -> None:
    world.state.add_dag("etl", tasks=TASKS, is_paused=True)
    trigger(api)
    world.sweep()
    assert states(api) == {"load": None, "send": None}
    world.state.add_dag("etl", tasks=TASKS)
    world.sweep()
    assert states(api) == {"load": "queued", "send": "queued"}


def test_a_run_waits_for_its_time(world: World, api: Api) -> None:
    world.state.add_dag("etl", tasks=TASKS)
    trigger(api, run_after=(START + timedelta(seconds=60)).isoformat())
    world.after(59)
    world.sweep()
    assert states(api)["load"] is None
    world.after(1)
    world.sweep()
    assert states(api)["load"] == "queued"


def test_a_run_with_a_logical_date_has_a_data_interval(world: World, api: Api) -> None:
    world.state.add_dag("etl")
    trigger(api, logical_date="2025-06-01T02:00:00+02:00")
    run = api.get("/dag-runs/etl/child").body
    assert run["logical_date"] == "2025-06-01T00:00:00Z"
    assert run["data_interval_start"] == run["data_interval_end"] == run["run_after"]


@pytest.mark.parametrize(
    ("days", "count"),
    [(-1, 0), (0, 1), (5, 1), (6, 0), (None, 1)],
    ids=["before", "first", "last", "after", "none"],
)
def test_a_run_for_a_date_out_of_its_dag_s_time_has_no_tasks(
    world: World, api: Api, days: int | None, count: int
) -> None:
    task = TaskSpec(dag_id="etl", task_id="a", run_id="")
    world.state.add_dag("etl", tasks=(task,), start_date=START, end_date=START + timedelta(days=5))
    date = None if days is None else (START + timedelta(days=days)).isoformat()
    assert trigger(api, logical_date=date).status == 204
    assert len(states(api) or {}) == count


def test_a_run_inherits_the_user_who_triggered_its_parent(world: World, api: Api) -> None:
    world.state.add_dag("etl")
    ti_id = world.submit()
    world.state.put(replace(world.state.dag_runs["dag", "run"], triggering_user_name="ada"))
    trigger(api.of(ti_id))
    assert api.get("/dag-runs/etl/child").body["triggering_user_name"] == "ada"


@pytest.mark.parametrize(
    ("dag", "run_id", "body", "refusal"),
    [
        ({"is_stale": True}, "r", {}, (404, "not_found")),
        ({"has_import_errors": True}, "r", {}, (400, "import_errors")),
        ({"allowed_run_types": ("manual",)}, "r", {}, (400, "denied_run_type")),
        ({}, "a..b", {}, (400, "value_error")),
        ({}, "a b", {}, (400, "value_error")),
        ({}, "r", {"partition_key": "k"}, (400, "not_partitioned")),
        ({"partitioned": True}, "r", {"partition_key": " "}, (400, "invalid_partition_key")),
        ({"partitioned": True}, "r", {"partition_key": "k" * 251}, (400, "invalid_partition_key")),
        ({}, "r", {"logical_date": START.isoformat()}, (409, "Unique constraint violation")),
        ({}, "taken", {}, (409, "already_exists")),
    ],
)
def test_a_run_is_refused(
    world: World, api: Api, dag: Any, run_id: str, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    world.state.add_dag("etl", **dag)
    world.state.add_dag_run("etl", "taken", logical_date=START)
    answer = trigger(api, run_id, **body)
    assert (answer.status, answer.detail["reason"]) == refusal
    assert len(world.state.dag_runs) == 1


def test_a_run_may_have_a_partition(world: World, api: Api) -> None:
    world.state.add_dag("etl", partitioned=True)
    assert trigger(api, partition_key="k").status == 204
    assert api.get("/dag-runs/etl/child").body["partition_key"] == "k"


def test_an_unknown_field_of_a_run_is_refused(world: World, api: Api) -> None:
    world.state.add_dag("etl")
    assert trigger(api, zz=1).status == 422


def clear(api: Api, run_id: str = "run", dag_id: str = "dag") -> Answer:
    return api.call("POST", f"/dag-runs/{dag_id}/{run_id}/clear")


def test_a_cleared_run_starts_over_with_new_task_instances(world: World, api: Api) -> None:
    old = world.submit()
    world.run(old)
    world.report(old, "success", end_date=START)
    world.state.put(replace(world.state.dag_runs["dag", "run"], state="success"))
    assert clear(api).status == 204
    run = api.get("/dag-runs/dag/run").body
    assert (run["state"], run["start_date"], run["clear_number"]) == ("queued", None, 1)
    assert (world.ti().id != old, world.ti().state) == (True, None)
    world.sweep()
    assert (world.ti().state, world.ti().try_number) == ("queued", 2)


def test_clearing_a_running_run_restarts_what_runs(world: World, api: Api) -> None:
    world.run(world.submit())
    assert clear(api).status == 204
    assert world.ti().state == "restarting"
    assert api.get("/dag-runs/dag/run").body["state"] == "running"


def test_a_run_without_task_instances_is_not_cleared(world: World, api: Api) -> None:
    world.state.add_dag("dag")
    world.state.add_dag_run("dag", "run", state="failed")
    assert clear(api).status == 204
    assert world.state.dag_runs["dag", "run"].state == "failed"


def test_an_unknown_run_is_not_cleared(world: World, api: Api) -> None:
    world.state.add_dag("dag")
    answer = clear(api, "zz")
    assert (answer.status, answer.detail["message"]) == (404, "Dag run with run_id: 'zz' not found")


def test_a_run_of_an_unknown_dag_is_not_cleared(api: Api) -> None:
    answer = clear(api, dag_id="zz")
    assert (answer.status, answer.detail["message"]) == (404, "Dag with dag_id: 'zz' not found")


def fail_one_of_a_fail_fast_run(world: World, api: Api) -> None:
    world.state.add_dag("dag", fail_fast=True)
    ids = {name: world.submit(task_id=name) for name in ("bad", "running", "queued", "done", "cleared")}
    world.state.clear(ids["cleared"])
    for name in ("bad", "running", "done"):
        world.run(ids[name])
    world.report(ids["done"], "success", end_date=START)
    body = {"state": "failed", "end_date": START.isoformat()}
    api.of(ids["bad"]).call("PATCH", f"/task-instances/{ids['bad']}/state", json=body)


def test_a_failure_stops_the_rest_of_a_fail_fast_run(world: World, api: Api) -> None:
    fail_one_of_a_fail_fast_run(world, api)
    told = api.get("/task-instances/states", dag_id="dag").body["task_states"]["run"]
    rest = {"running": "failed", "queued": "skipped", "done": "success", "cleared": "skipped"}
    assert told == {"bad": "failed"} | rest
    assert world.told("task_instance")[-1][2] == "fail fast"
    assert (world.ti("running").end_date, world.ti("queued").end_date) == (None, START)


def test_a_failure_leaves_the_teardown_of_a_fail_fast_run(world: World, api: Api) -> None:
    world.state.add_dag("dag", fail_fast=True)
    world.submit(task_id="teardown", is_teardown=True)
    ti_id = world.submit(task_id="bad")
    world.run(ti_id)
    world.after(301)
    world.sweep()
    assert (world.ti("bad").state, world.ti("teardown").state) == ("failed", "queued")


def test_a_silent_task_stops_the_rest_of_a_fail_fast_run(world: World) -> None:
    world.state.add_dag("dag", fail_fast=True)
    world.run(world.submit(task_id="bad"))
    world.submit(task_id="next")
    world.after(301)
    world.sweep()
    assert (world.ti("bad").state, world.ti("next").state) == ("failed", "skipped")
