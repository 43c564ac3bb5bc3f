"""What tasks remember, for themselves and for assets."""

from typing import Any
from uuid import UUID

import pytest

from tests.unit.fake_api.client import Answer, Api
from tests.unit.fake_api.world import START, World


def put(api: Api, value: Any, key: str = "k", **body: Any) -> Answer:
    return api.call("PUT", f"/store/ti/{api.subject}/{key}", json={"value": value} | body)


def get(api: Api, key: str = "k") -> Answer:
    return api.get(f"/store/ti/{api.subject}/{key}")


@pytest.mark.parametrize("value", [0, False, "", [], {"a": [1, None]}])
def test_a_task_gets_back_what_it_stored(world: World, api: Api, value: Any) -> None:
    own = api.of(world.submit())
    assert put(own, value, key="a/b").status == 204
    assert get(own, "a/b").body == {"value": value}


def test_null_is_no_value(world: World, api: Api) -> None:
    answer = put(api.of(world.submit()), None)
    assert (answer.status, answer.detail) == (
        422,
        [
            {
                "type": "value_error",
                "loc": ["body", "value"],
                "msg": "Value error, value cannot be null",
                "input": None,
                "ctx": {"error": {}},
            }
        ],
    )


def test_an_expired_value_is_still_served_because_nothing_cleans_up(world: World, api: Api) -> None:
    own = api.of(world.submit())
    put(own, 1, expires_at=START.isoformat())
    world.after(1)
    assert get(own).body == {"value": 1}


def test_values_outlive_success_and_the_try(world: World, api: Api) -> None:
    old = world.submit(retries=1)
    world.run(old)
    put(api.of(old), 1)
    world.report(old, "up_for_retry", end_date=START)
    assert get(api.of(world.ti().id)).body == {"value": 1}
    assert get(api.of(old)).detail["message"] == f"Task instance {old} not found"
    new = world.ti().id
    world.after(300)
    world.sweep()
    world.run(new)
    world.report(new, "success", end_date=world.at)
    assert get(api.of(new)).body == {"value": 1}


def test_values_are_deleted_one_by_one_or_all_at_once(world: World, api: Api) -> None:
    own = api.of(world.submit())
    for key in ("a", "b", "c"):
        put(own, 1, key=key)
    assert own.call("DELETE", f"/store/ti/{own.subject}/a").status == 204
    assert [get(own, key).status for key in ("a", "b", "c")] == [404, 200, 200]
    assert own.call("DELETE", f"/store/ti/{own.subject}").status == 204
    assert [get(own, key).status for key in ("a", "b", "c")] == [404, 404, 404]


@pytest.mark.parametrize(("method", "key"), [("PUT", "/k"), ("DELETE", "/k"), ("DELETE", "")])
def test_an_unknown_task_instance_stores_nothing(api: Api, method: str, key: str) -> None:
    body = {"value": 1} if method == "PUT" else None
    answer = api.call(method, f"/store/ti/{api.subject}{key}", json=body)
    assert (answer.status, answer.detail["message"]) == (404, f"Task instance {api.subject} not found")


BY = {"by-name": {"name": "a"}, "by-uri": {"uri": "s3://a"}}


def on_asset(api: Api, method: str, by: str, end: str = "value", **request: Any) -> Answer:
    params = BY[by] | ({"key": "k"} if end == "value" else {})
    return api.call(method, f"/store/asset/{by}/{end}", params=params, **request)


@pytest.mark.parametrize("by", BY)
def test_an_asset_keeps_values_until_they_are_deleted(world: World, api: Api, by: str) -> None:
    world.state.add_asset("a", "s3://a")
    own = api.of(world.submit())
    for method, end in (("DELETE", "value"), ("DELETE", "clear")):
        assert on_asset(own, "PUT", by, json={"value": 1}).status == 204
        assert on_asset(own, "GET", "by-name").body == {"value": 1}
        assert on_asset(own, method, by, end).status == 204
        missing = on_asset(own, "GET", by)
        assert (missing.status, missing.detail["message"]) == (404, "Asset state store key 'k' not found")


@pytest.mark.parametrize(("by", "named"), [("by-name", "name='a'"), ("by-uri", "uri='s3://a'")])
@pytest.mark.parametrize(("method", "end"), [("GET", "value"), ("PUT", "value"), ("DELETE", "clear")])
def test_an_unknown_asset_keeps_nothing(api: Api, by: str, named: str, method: str, end: str) -> None:
    request = {"json": {"value": 1}} if method == "PUT" else {}
    answer = on_asset(api, method, by, end, **request)
    assert (answer.status, answer.detail["message"]) == (404, f"Asset with {named} not found")


def test_only_a_live_task_instance_writes_to_an_asset(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a")
    answer = on_asset(api, "PUT", "by-name", json={"value": 1})
    assert (answer.status, answer.detail["message"]) == (404, f"Task instance {api.subject!r} not found")
    assert on_asset(api, "GET", "by-name").status == 404


def test_who_watches_an_asset_writes_without_a_task_instance(world: World, api: Api) -> None:
    world.state.add_asset("a", "s3://a")
    assert on_asset(api.of(UUID(int=0)), "PUT", "by-name", json={"value": 1}).status == 204


def test_a_name_has_to_be_there(api: Api) -> None:
    params = {"name": "", "key": "k"}
    assert api.get("/store/asset/by-name/value", **params).status == 422
