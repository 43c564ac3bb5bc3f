"""What the application does around its routes, called as ASGI: no client, no sockets."""

import asyncio
import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from fake_api import create_app
from fake_api.app import edge_api, execution_api
from fake_api.defaults import utc_now, uuid7
from fake_api.versions.older import routers
from tests.unit.fake_api.world import World, token_of

Headers = dict[str, str]


def call(
    world: World, method: str, path: str, *, headers: Headers | None = None, body: list[bytes] | None = None
) -> tuple[int, Headers, bytes]:
    """One request, its body in these chunks."""
    incoming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in body or [b""]]
    incoming[-1]["more_body"] = False
    return asyncio.run(exchange(world, method, path, headers or {}, incoming))


async def exchange(
    world: World, method: str, path: str, headers: Headers, incoming: list[dict[str, Any]]
) -> tuple[int, Headers, bytes]:
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await create_app(world.state)(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(each["body"] for each in sent[1:])


def run_request(world: World) -> dict[str, Any]:
    payload = {
        "state": "running",
        "hostname": "w1",
        "unixname": "airflow",
        "pid": 1,
        "start_date": world.at.isoformat(),
    }
    token = token_of(world.job())
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return {"headers": headers, "body": [json.dumps(payload).encode()]}


def test_run_swaps_a_workload_token_for_one_that_may_do_the_rest(world: World) -> None:
    ti_id = world.submit()
    path = f"/execution/task-instances/{ti_id}"
    _, answered, _ = call(world, "PATCH", f"{path}/run", **run_request(world))
    headers = {
        "authorization": f"Bearer {answered['refreshed-api-token']}",
        "content-type": "application/json",
    }
    beat = [b'{"hostname": "w1", ', b'"pid": 1}']
    assert call(world, "PUT", f"{path}/heartbeat", headers=headers, body=beat)[0] == 204


def test_a_refused_run_swaps_no_token(world: World) -> None:
    ti_id = world.submit()
    world.run(ti_id, hostname="elsewhere")
    path = f"/execution/task-instances/{ti_id}/run"
    status, answered, _ = call(world, "PATCH", path, **run_request(world))
    assert (status, "refreshed-api-token" in answered) == (409, False)


def test_an_error_has_exactly_the_content_type_the_sdk_parses(world: World) -> None:
    for path in ("/execution/nothing", "/execution/task-instances/1/run", "/edge_worker/v1/nothing"):
        assert call(world, "PATCH", path)[1]["content-type"] == "application/json"


def test_the_correlation_id_is_echoed(world: World) -> None:
    _, answered, _ = call(world, "GET", "/execution/health", headers={"correlation-id": "abc"})
    assert answered["correlation-id"] == "abc"


def test_a_client_that_leaves_in_the_middle_changes_nothing(world: World) -> None:
    ti_id = world.submit()
    request = run_request(world)
    chunk = {"type": "http.request", "body": request["body"][0][:10], "more_body": True}
    incoming = [chunk, {"type": "http.disconnect"}]
    path = f"/execution/task-instances/{ti_id}/run"
    with pytest.raises(ClientDisconnect):
        asyncio.run(exchange(world, "PATCH", path, request["headers"], incoming))
    assert world.ti().state == "queued"


def test_every_operation_of_the_edge_api_is_documented() -> None:
    assert list(edge_api().openapi()["paths"]["/v1/jobs/fetch/{worker_name}"]) == ["post"]


def test_two_applications_share_their_routes_and_not_their_states(world: World) -> None:
    ti_id = world.submit()
    path = f"/execution/task-instances/{ti_id}/run"
    assert call(World(), "PATCH", path, **run_request(world))[0] == 404
    assert call(world, "PATCH", path, **run_request(world))[0] == 200


def test_the_sweeps_run_as_long_as_the_app(world: World) -> None:
    world.submit()
    world.after(601)

    async def live() -> None:
        app = create_app(world.state, run_sweeps=True)
        async with app.lifespan():
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(live())
    assert world.state.executor.job_id == 2


def test_the_default_clock_and_ids_are_real() -> None:
    assert utc_now().tzinfo is not None
    ids = [uuid7() for _ in range(3)]
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 3


def _called(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _called(each)


def test_no_endpoint_would_start_a_thread() -> None:
    """Nor would what an endpoint depends on, in any version."""
    apps: list[APIRouter] = [execution_api().newest.router, edge_api().router, *routers().values()]
    routes = [route for app in apps for route in app.routes if isinstance(route, APIRoute)]
    called = [each for route in routes for each in _called(route.dependant)]
    assert len(called) > 800
    asynchronous = (
        inspect.iscoroutinefunction(each) or inspect.iscoroutinefunction(each.__call__) for each in called
    )
    assert [each for each, fine in zip(called, asynchronous, strict=True) if not fine] == []
