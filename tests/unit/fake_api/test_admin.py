"""The admin routes: seeding is all or nothing, and there are none unless somebody asks for them."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from fake_api import create_app
from fake_api.rows import JobKey
from fake_api.stored import dump
from fake_api.xcoms import XComTask
from tests.unit.fake_api.client import Answer
from tests.unit.fake_api.world import World

TASK = {"dag_id": "etl", "task_id": "load", "run_id": "r1"}
COMMAND = {"type": "ExecuteTask", "token": "t", "ti": {}}


def ask(
    world: World,
    method: str,
    path: str,
    json: Any = None,
    *,
    bearer: str | None = None,
    admin: bool = True,
    admin_token: str | None = None,
) -> Answer:
    async def call() -> Answer:
        app = create_app(world.state, admin=admin, admin_token=admin_token)
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            reply = await client.request(method, path, headers=headers, json=json)
        return Answer(reply.status_code, reply.json() if reply.content else None)

    return asyncio.run(call())


def seed(world: World, **document: Any) -> Answer:
    return ask(world, "POST", "/admin/seed", document)


def test_a_seeded_task_instance_can_be_run_with_the_tokens_it_came_with(world: World) -> None:
    (ti,) = seed(world, task_instances=[TASK | {"retries": 1}]).body["task_instances"]
    assert {name: ti[name] for name in TASK} | {"try_number": ti["try_number"]} == TASK | {"try_number": 1}
    payload = {
        "state": "running",
        "hostname": "w1",
        "unixname": "u",
        "pid": 1,
        "start_date": world.at.isoformat(),
    }
    path = f"/execution/task-instances/{ti['id']}"
    assert ask(world, "PATCH", f"{path}/run", payload, bearer=ti["workload_token"]).status == 200
    beat = {"hostname": "w1", "pid": 1}
    assert ask(world, "PUT", f"{path}/heartbeat", beat, bearer=ti["token"]).status == 204
    assert ask(world, "PUT", f"{path}/heartbeat", beat, bearer=ti["workload_token"]).status == 403
    assert world.job() is None
    job = world.state.edge_jobs.get(JobKey("etl", "load", "r1", -1, 1))
    assert job is not None
    assert job.queue == "default"


def test_a_document_may_hold_all_there_is(world: World) -> None:
    answer = seed(
        world,
        dags=[{"dag_id": "etl", "is_paused": True, "tags": ["a"]}],
        runs=[{"dag_id": "etl", "run_id": "r1", "conf": {"x": 1}, "logical_date": None}],
        task_instances=[TASK, TASK | {"task_id": "mapped", "map_index": 3, "queue": "q"}],
        variables=[{"key": "v", "val": "1"}],
        connections=[{"conn_id": "c", "conn_type": "http", "schema": "https", "port": 1}],
        xcoms=[TASK | {"key": "k", "value": [1, None]}],
        assets=[{"name": "a", "uri": "s3://a", "aliases": ["x"]}],
        edge_jobs=[TASK | {"task_id": "alone", "command": COMMAND, "priority_weight": 9}],
    )
    state = world.state
    assert (answer.status, [each["map_index"] for each in answer.body["task_instances"]]) == (201, [-1, 3])
    assert state.dags["etl"].is_paused
    run = state.dag_runs["etl", "r1"]
    assert (run.conf, run.logical_date) == ({"x": 1}, None)
    assert (state.variables["v"].val, state.connections["c"].schema) == ("1", "https")
    assert state.xcoms.values(XComTask("etl", "r1", "load"), "k") == {-1: [1, None]}
    assert [each.uri for each in state.assets.of_alias("x")] == ["s3://a"]
    assert [job.key.task_id for job in state.edge_jobs.queued(["default"])] == ["alone", "load"]
    assert ("None", "queued", "seed") in [
        (str(old), new, cause) for old, new, cause in world.told("edge_job")
    ]


@pytest.mark.parametrize(
    ("document", "loc", "told"),
    [
        ({"task_instances": [TASK, TASK]}, ["task_instances", 1], "is in the document twice"),
        ({"task_instances": [TASK | {"run_id": "old"}]}, ["task_instances", 0], "is there already"),
        ({"runs": [{"dag_id": "etl", "run_id": "old"}]}, ["runs", 0], "is there already"),
        ({"xcoms": [TASK | {"key": "k", "value": 1}]}, ["xcoms", 0], "no dag run etl/r1: add it to runs"),
        (
            {"task_instances": [TASK], "edge_jobs": [TASK | {"command": {}}]},
            ["edge_jobs", 0],
            "etl/load/r1/1/-1 is there already",
        ),
        ({"edge_jobs": [TASK | {"run_id": "old", "command": {}}]}, ["edge_jobs", 0], "is there already"),
        ({"task_instances": [TASK | {"retries": -1}]}, ["task_instances", 0, "retries"], "greater than"),
        (
            {"task_instances": [TASK | {"retry_delay": "soon"}]},
            ["task_instances", 0, "retry_delay"],
            "number",
        ),
        ({"task_instances": [{"dag_id": "d", "run_id": "r"}]}, ["task_instances", 0, "task_id"], "required"),
        ({"variables": [{"key": "", "val": "1"}]}, ["variables", 0, "key"], "at least 1"),
        ({"runs": [{"dag_id": "d", "run_id": "r", "state": "lost"}]}, ["runs", 0, "state"], "match"),
        ({"pools": []}, ["pools"], "not permitted"),
        ({"dags": [{"dag_id": "d", "dags": 1}]}, ["dags", 0, "dags"], "not permitted"),
    ],
)
def test_a_bad_document_changes_nothing_and_is_told_what_is_wrong_with_it(
    world: World, document: dict[str, Any], loc: list[Any], told: str
) -> None:
    seed(world, task_instances=[TASK | {"run_id": "old"}])
    before = dump(world.state)
    good = {"variables": [{"key": "good", "val": "1"}], "dags": [{"dag_id": "good"}]}
    answer = seed(world, **good | document)
    assert answer.status == 422
    assert [each["loc"] for each in answer.detail] == [["body", *loc]]
    assert told in answer.detail[0]["msg"]
    assert dump(world.state) == before


@pytest.mark.parametrize("body", [None, [], "x", {"dags": None}])
def test_what_is_no_document_is_422(world: World, body: Any) -> None:
    assert ask(world, "POST", "/admin/seed", body).status == 422


def test_the_state_is_told_table_by_table(world: World) -> None:
    ti_id = world.submit()
    tables = ask(world, "GET", "/admin/state").body
    assert tables == dump(world.state)
    (row,) = tables["task_instance"]
    assert (UUID(row["key"]), row["row"]["state"], row["row"]["task"]["dag_id"]) == (ti_id, "queued", "dag")
    assert tables["variable"] == []


def test_the_audit_is_told_without_any_token(world: World) -> None:
    ti_id = world.submit()
    token = world.state.tokens.mint(sub=str(ti_id), scope="execution", now=world.at)
    ask(world, "GET", "/execution/variables/x", bearer=token)
    (decision,) = ask(world, "GET", "/admin/audit").body["decisions"]
    assert decision == {
        "at": "2026-01-01T00:00:00Z",
        "who": str(ti_id),
        "method": "GET",
        "path": "/execution/variables/x",
        "decision": "allowed",
        "why": "an execution token",
    }


ROUTES = [("POST", "/admin/seed"), ("GET", "/admin/state"), ("GET", "/admin/audit")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_who_did_not_ask_for_them_has_admin_routes(world: World, method: str, path: str) -> None:
    answer = ask(world, method, path, {}, admin=False)
    assert (answer.status, answer.body) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_where_there_is_an_admin_token_every_route_wants_it(world: World, method: str, path: str) -> None:
    def status(bearer: str | None) -> int:
        return ask(world, method, path, {}, admin_token="s3cret", bearer=bearer).status

    assert (status(None), status("other"), status("s3cre")) == (401, 401, 401)
    assert status("s3cret") in (200, 201)
    assert [each.decision for each in world.state.audit] == ["denied"] * 3 + ["allowed"]
