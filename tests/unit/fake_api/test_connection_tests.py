"""A worker tries a connection for somebody."""

from typing import Any
from uuid import UUID

import pytest

from fake_api.rows import Connection
from tests.unit.fake_api.client import Answer, Api
from tests.unit.fake_api.world import World

TEST = UUID(int=777)
CONNECTION = Connection(conn_id="c", conn_type="http", password="p")


def take(api: Api) -> Answer:
    return api.of(TEST, "workload").get(f"/connection-tests/{TEST}/connection")


def report(api: Api, state: str = "success", **body: Any) -> Answer:
    return api.of(TEST, "workload").call("PATCH", f"/connection-tests/{TEST}", json={"state": state} | body)


def test_the_connection_is_handed_out_once(world: World, api: Api) -> None:
    world.state.add_connection_test(TEST, CONNECTION)
    first, second = take(api), take(api)
    assert (first.status, first.body["password"]) == (200, "p")
    message = f"Connection test {TEST} is in state running; credentials can only be fetched once while PENDING or QUEUED."
    assert (second.status, second.detail) == (409, {"reason": "conflict", "message": message})


def test_a_result_is_taken_once(world: World, api: Api) -> None:
    world.state.add_connection_test(TEST, CONNECTION)
    assert report(api, "failed", result_message="no route").status == 204
    again = report(api)
    message = f"Connection test {TEST} is already in terminal state: failed"
    assert (again.status, again.detail["message"]) == (409, message)
    assert world.state.connection_tests[TEST].result_message == "no route"


@pytest.mark.parametrize(("state", "commit", "stored"), [
    ("success", True, True), ("success", False, False), ("failed", True, False)
])  # fmt: skip
def test_a_good_connection_is_stored_if_that_was_asked_for(
    world: World, api: Api, state: str, commit: bool, stored: bool
) -> None:
    world.state.add_connection_test(TEST, CONNECTION, commit_on_success=commit)
    report(api, state)
    assert ("c" in world.state.connections) is stored


@pytest.mark.parametrize("body", [{"state": "running"}, {"state": "zz"}, {"result_message": "x" * 2001}])
def test_only_a_final_result_of_bounded_length_is_taken(world: World, api: Api, body: Any) -> None:
    world.state.add_connection_test(TEST, CONNECTION)
    assert report(api, **{"state": "success"} | body).status == 422


def test_an_unknown_test_has_no_result(api: Api) -> None:
    assert report(api).detail == {"reason": "not_found", "message": f"Connection test {TEST} not found"}


def test_a_token_is_good_for_its_own_test_only(world: World, api: Api) -> None:
    answer = api.of(UUID(int=1), "workload").get(f"/connection-tests/{TEST}/connection")
    assert (answer.status, answer.detail) == (403, "Token subject does not match connection test ID")
