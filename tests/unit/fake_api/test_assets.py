"""Assets: looked up, written by tasks, remembered by events."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.fake_api.client import Answer, Api
from tests.unit.fake_api.world import START, World

KEY = {"name": "a", "uri": "s3://a"}
OUTLET = KEY | {"type": "Asset"}


def succeed(world: World, api: Api, *, task_id: str = "task", **payload: Any) -> Answer:
    ti_id = world.submit(task_id=task_id)
    world.run(ti_id)
    body = {"state": "success", "end_date": world.at.isoformat()} | payload
    return api.of(ti_id).call("PATCH", f"/task-instances/{ti_id}/state", json=body)


def events(api: Api, **criteria: Any) -> Any:
    asked = {"name": "a", "uri": ""} | criteria
    return api.get("/asset-events/by-asset", **asked).body["asset_events"]


@pytest.mark.parametrize(("path", "asked"), [("by-name", {"name": "a"}), ("by-uri", {"uri": "s3://a"})])
def test_an_active_asset_is_found(world: World, api: Api, path: str, asked: dict[str, str]) -> None:
    world.state.add_asset("a", "s3://a", group="g", extra={"k": 1})
    assert api.get(f"/assets/{path}", **asked).body == KEY | {"group": "g", "extra": {"k": 1}}


@pytest.mark.parametrize(
    ("path", "asked", "message"),
    [
        ("by-name", {"name": "a"}, "Asset with name a not found"),
        ("by-uri", {"uri": "s3://a"}, "Asset with URI s3://a not found"),
    ],
)
def test_an_inactive_asset_is_not_found(
    world: World, api: Api, path: str, asked: dict[str, str], message: str
) -> None:
    world.state.add_asset("a", "s3://a", active=False)
    answer = api.get(f"/assets/{path}", **asked)
    assert (answer.status, answer.detail) == (404, {"reason": "not_found", "message": message})


def test_an_alias_stands_for_its_assets_active_or_not(world: World, api: Api) -> None:
    world.state.add_asset("a", aliases=("x",))
    world.state.add_asset("b", aliases=("x",), active=False)
    assert [each["name"] for each in api.get("/assets/by-alias", alias_name="x").body] == ["a", "b"]
    assert api.get("/assets/by-alias", alias_name="y").body == []


def test_success_registers_an_event_per_outlet(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a")
    assert succeed(world, api, task_outlets=[OUTLET]).status == 204
    assert events(api) == [
        {
            "id": 1,
            "timestamp": "2026-01-01T00:00:00Z",
            "extra": {},
            "asset": KEY | {"group": "asset", "extra": {}},
            "created_dagruns": [],
            "source_task_id": "task",
            "source_dag_id": "dag",
            "source_run_id": "run",
            "source_map_index": -1,
            "partition_key": None,
        }
    ]


@pytest.mark.parametrize(
    "outlet", [{"type": "AssetNameRef", "name": "a"}, {"type": "AssetUriRef", "uri": "s3://a"}]
)
def test_an_outlet_may_be_a_reference(world: World, api: Api, outlet: dict[str, str]) -> None:
    world.state.add_asset("a", "s3://a")
    succeed(world, api, task_outlets=[outlet])
    assert len(events(api)) == 1


def test_each_emission_is_an_event_with_its_extra_and_partition(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a")
    emitted = [{"dest_asset_key": KEY, "extra": {"n": n}, "partition_key": f"p{n}"} for n in (1, 2)]
    succeed(world, api, task_outlets=[OUTLET], outlet_events=emitted)
    told = [(each["extra"], each["partition_key"]) for each in events(api)]
    assert told == [({"n": 1}, "p1"), ({"n": 2}, "p2")]


def test_an_event_without_a_partition_has_that_of_its_run(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a")
    world.state.add_dag_run("dag", "run", partition_key="p")
    succeed(world, api, task_outlets=[OUTLET])
    assert events(api)[0]["partition_key"] == "p"


@pytest.mark.parametrize("active", [None, False])
def test_an_outlet_nobody_knows_is_passed_over(world: World, api: Api, active: bool | None) -> None:
    if active is not None:
        world.state.add_asset("a", "s3://a", active=active)
    assert succeed(world, api, task_outlets=[OUTLET]).status == 204
    assert (world.ti().state, world.state.assets.events) == ("success", {})


@pytest.mark.parametrize("event", [{}, {"extra": {}}, {"dest_asset_key": KEY}, {"dest_asset_key": {"zz": 1}}])
def test_a_malformed_emission_is_swallowed_and_fails_the_task(
    world: World, api: Api, event: dict[str, Any]
) -> None:
    assert succeed(world, api, outlet_events=[event]).status == 204
    assert world.ti().state == "failed"


def through(alias: str, **event: Any) -> dict[str, Any]:
    return {"source_alias_name": alias, "dest_asset_key": KEY, "extra": {}} | event


def aliases(*names: str) -> list[dict[str, str]]:
    return [{"type": "AssetAlias", "name": name} for name in names]


def test_an_alias_makes_the_asset_it_writes_to_but_does_not_activate_it(world: World, api: Api) -> None:
    succeed(world, api, task_outlets=aliases("x"), outlet_events=[through("x", dest_asset_extra={"k": 1})])
    assert api.get("/assets/by-alias", alias_name="x").body == [KEY | {"group": "asset", "extra": {"k": 1}}]
    assert events(api) == []
    assert len(events(api, uri="s3://a")) == 1


def test_equal_writes_through_two_aliases_are_one_event_of_both(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a")
    emitted = [through("x"), through("y"), through("y", extra={"n": 1}), through("undeclared")]
    succeed(world, api, task_outlets=aliases("x", "y"), outlet_events=emitted)
    found = {
        name: [each["id"] for each in api.get("/asset-events/by-asset-alias", name=name).body["asset_events"]]
        for name in ("x", "y", "undeclared")
    }
    assert found == {"x": [1], "y": [1, 2], "undeclared": []}


@pytest.mark.parametrize(
    ("criteria", "ids"),
    [
        ({}, [1, 2, 3]),
        ({"ascending": "false"}, [3, 2, 1]),
        ({"limit": 2}, [1, 2]),
        ({"ascending": "false", "limit": 1}, [3]),
        ({"after": (START + timedelta(seconds=60)).isoformat()}, [2, 3]),
        ({"before": (START + timedelta(seconds=60)).isoformat()}, [1, 2]),
    ],
)
def test_events_are_listed_by_time(world: World, api: Api, criteria: dict[str, Any], ids: list[int]) -> None:
    world.state.add_asset("a", "s3://a")
    for n in range(3):
        succeed(world, api, task_id=f"t{n}", task_outlets=[OUTLET])
        world.after(60)
    assert [each["id"] for each in events(api, **criteria)] == ids


def test_events_of_no_asset_at_all_are_refused(api: Api) -> None:
    answer = api.get("/asset-events/by-asset", name="", uri="")
    assert (answer.status, answer.detail["reason"]) == (400, "Missing parameter")


def test_both_parameters_have_to_be_there(api: Api) -> None:
    assert api.get("/asset-events/by-asset", name="a").status == 422


def test_a_run_is_told_of_the_events_it_was_made_for_and_they_of_it(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a", extra={"k": 1})
    succeed(world, api, task_id="writer", task_outlets=[OUTLET])
    world.state.add_dag_run("dag", "run", run_type="asset_triggered", consumed_asset_events=(1,))
    (consumed,) = world_run(world, api)["dag_run"]["consumed_asset_events"]
    assert (consumed["asset"], consumed["source_task_id"]) == (KEY | {"extra": {"k": 1}}, "writer")
    assert [run["run_id"] for run in events(api)[0]["created_dagruns"]] == ["run"]


def world_run(world: World, api: Api) -> Any:
    ti_id = world.submit(task_id="reader")
    start = {"start_date": world.at.isoformat(), "hostname": "w1", "unixname": "airflow", "pid": 1}
    answer = api.of(ti_id).call("PATCH", f"/task-instances/{ti_id}/run", json={"state": "running"} | start)
    return answer.body
