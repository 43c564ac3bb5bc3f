"""What a client of an older version is told, change by change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from fake_api.catalogue import AssetEvent
from fake_api.encodings import old_encoding
from fake_api.rows import AssetKey
from fake_api.versions import RELEASED
from fake_api.versions.bodies import first_upstream_map_indexes, old_next_kwargs
from tests.unit.fake_api.client import Answer, Api
from tests.unit.fake_api.world import START, World

DATE = START.isoformat()
KEY = AssetKey("a", "s3://a")
#: What /run tells of the run: field, and the version that has it first.
RUN_FIELDS = {
    "state": "2025-08-10",
    "triggering_user_name": "2025-11-05",
    "partition_key": "2026-04-06",
    "note": "2026-04-06",
    "team_name": "2026-06-30",
    "partition_date": "2026-06-30",
}
#: Operations that came after the first version: what they answer there, and what before.
OPERATIONS = [
    ("GET", "/dag-runs/previous?dag_id=dag&logical_date=2027-01-01T00:00:00Z", "2026-04-06", 200, 404),
    ("GET", "/dag-runs/dag/run", "2026-04-06", 200, 405),
    ("GET", "/dags/dag", "2026-04-06", 200, 404),
    ("GET", "/variables/keys", "2026-06-30", 200, 404),
    ("GET", "/assets/by-alias?alias_name=x", "2026-06-30", 200, 404),
    ("GET", "/connection-tests/00000000-0000-0000-0000-000000003039/connection", "2026-06-30", 403, 404),
    ("GET", "/store/asset/by-name/value?name=a&key=k", "2026-06-30", 404, 404),
    ("DELETE", "/store/asset/by-uri/clear?uri=s3://a", "2026-06-30", 204, 404),
]


def run(api: Api, ti_id: UUID, version: str | None, scope: str = "execution") -> Answer:
    body = {"state": "running", "hostname": "w1", "unixname": "airflow", "pid": 1, "start_date": DATE}
    return api.of(ti_id, scope).at(version).call("PATCH", f"/task-instances/{ti_id}/run", json=body)


def report(api: Api, ti_id: UUID, version: str, **payload: Any) -> Answer:
    return api.of(ti_id).at(version).call("PATCH", f"/task-instances/{ti_id}/state", json=payload)


@pytest.mark.parametrize("version", RELEASED)
def test_run_tells_of_the_dag_run_what_the_version_knows(world: World, api: Api, version: str) -> None:
    told = run(api, world.submit(), version).body
    assert {name for name in RUN_FIELDS if name in told["dag_run"]} == {
        name for name, first in RUN_FIELDS.items() if version >= first
    }
    assert told.get("upstream_map_indexes", "missing") == (None if version < "2026-04-06" else "missing")


@pytest.mark.parametrize("version", RELEASED)
def test_a_run_without_conf_has_an_empty_one_at_first(world: World, api: Api, version: str) -> None:
    ti_id = world.submit()
    world.state.put(replace(world.state.dag_runs["dag", "run"], conf=None))
    assert run(api, ti_id, version).body["dag_run"]["conf"] == ({} if version < "2025-10-27" else None)


@pytest.mark.parametrize("version", RELEASED)
def test_a_run_that_has_not_started_began_when_it_may_run(world: World, api: Api, version: str) -> None:
    ti_id = world.submit()
    world.state.put(replace(world.state.dag_runs["dag", "run"], start_date=None))
    told = run(api, ti_id, version).body["dag_run"]
    assert told["start_date"] == (told["run_after"] if version < "2026-04-06" else None)


@pytest.mark.parametrize("version", RELEASED)
def test_what_a_deferred_task_kept_comes_in_the_encoding_the_sdk_reads(
    world: World, api: Api, version: str
) -> None:
    ti_id = world.submit()
    run(api, ti_id, version)
    kept = {"limit": 3, "names": ["a"], "more": {"x": None}}
    deferral = {"classpath": "t", "next_method": "resume", "next_kwargs": kept, "rendered_map_index": "1"}
    assert report(api, ti_id, version, state="deferred", **deferral).status == 204
    world.state.fire_trigger(ti_id, None)
    world.sweep()
    told = run(api, ti_id, version).body
    assert ("start_date" in told) == (version >= "2026-04-06")
    if version >= "2026-04-06":
        assert told["next_kwargs"].items() >= kept.items()
    else:
        assert told["next_kwargs"]["__type"] == "dict"
        assert told["next_kwargs"]["__var"]["more"] == {"__type": "dict", "__var": {"x": None}}


@pytest.mark.parametrize(("method", "path", "first", "then", "earlier"), OPERATIONS)
def test_an_operation_exists_from_its_version_on(
    api: Api, method: str, path: str, first: str, then: int, earlier: int
) -> None:
    world = api.world
    world.state.add_dag("dag")
    world.submit()
    world.state.add_asset(*KEY)
    answered = {version: api.at(version).call(method, path).status for version in RELEASED}
    assert answered == {version: then if version >= first else earlier for version in RELEASED}


@pytest.mark.parametrize("version", RELEASED)
def test_the_previous_run_was_found_below_its_dag(world: World, api: Api, version: str) -> None:
    """There it was told whole, as only the newest versions know it: the route declares no model."""
    world.submit()
    later = (START + timedelta(days=1)).isoformat()
    answer = api.at(version).get("/dag-runs/dag/previous", logical_date=later)
    if "2025-08-10" <= version < "2026-04-06":
        assert (answer.status, answer.body["run_id"], "team_name" in answer.body) == (200, "run", True)
    elif version < "2025-08-10":
        assert answer.status == 405
    else:
        assert answer.detail["message"] == "Dag run with dag_id 'dag' and run_id 'previous' was not found"


@pytest.mark.parametrize("version", RELEASED)
def test_asset_events_have_partition_keys_in_the_end(world: World, api: Api, version: str) -> None:
    world.state.add_asset(*KEY)
    world.state.assets.add_event(AssetEvent(asset=KEY, timestamp=START))
    (event,) = api.at(version).get("/asset-events/by-asset", name="a", uri="").body["asset_events"]
    assert ("partition_key" in event) == (version >= "2026-04-06")


@pytest.mark.parametrize("version", RELEASED)
def test_an_event_that_made_a_run_could_not_be_told_at_first(world: World, api: Api, version: str) -> None:
    """Airflow forgot to take away the run's partition key, and its own model of old refuses it."""
    world.state.add_asset(*KEY)
    event = world.state.assets.add_event(AssetEvent(asset=KEY, timestamp=START))
    world.state.add_dag_run("dag", "made", consumed_asset_events=(event.id,))
    answer = api.at(version).get("/asset-events/by-asset", name="a", uri="")
    assert answer.status == (200 if version >= "2026-04-06" else 500)


@pytest.mark.parametrize("version", RELEASED)
def test_every_version_takes_the_requests_of_the_newest(world: World, api: Api, version: str) -> None:
    """As on the real server, whose documents say so too."""
    ti_id = world.submit(retries=1)
    run(api, ti_id, version)
    more = {"end_date": DATE, "rendered_map_index": "1", "retry_delay_seconds": 3.0}
    assert report(api, ti_id, version, state="up_for_retry", **more).status == 204
    assert world.ti().state == "up_for_retry"


@pytest.mark.parametrize("version", RELEASED)
def test_a_life_is_lived_in_every_version(world: World, api: Api, version: str) -> None:
    """What the SDK of that version calls, in its order."""
    ti_id = world.submit()
    mine = api.of(ti_id).at(version)
    ti, xcom = f"/task-instances/{ti_id}", "/xcoms/dag/run/task/return_value"
    assert run(api, ti_id, version).status == 200
    assert mine.call("PUT", f"{ti}/heartbeat", json={"hostname": "w1", "pid": 1}).status == 204
    assert mine.call("PUT", f"{ti}/rtif", json={"bash": "x"}).status == 201
    assert mine.call("PUT", "/variables/v", json={"val": "1"}).status == 201
    assert mine.get("/variables/v").body == {"key": "v", "value": "1"}
    assert mine.call("POST", xcom, json=[1]).status == 201
    assert mine.get(xcom).body == {"key": "return_value", "value": [1]}
    assert mine.call("HEAD", xcom).status == 200
    assert mine.get(f"{xcom}/slice").body == [[1]]
    success = {"state": "success", "end_date": DATE, "task_outlets": [], "outlet_events": []}
    assert [report(api, ti_id, version, **success).status for _ in range(2)] == [204, 200]
    beat = mine.call("PUT", f"{ti}/heartbeat", json={"hostname": "w1", "pid": 1})
    assert (beat.status, beat.detail["reason"]) == (409, "not_running")


def test_a_refusal_is_the_same_in_every_version(world: World, api: Api) -> None:
    world.run(world.submit(), hostname="elsewhere")
    answers = [run(api, world.ti().id, version) for version in (None, *RELEASED)]
    assert {each.status for each in answers} == {409}
    assert all(each.body == answers[0].body for each in answers)


@pytest.mark.parametrize("version", RELEASED)
def test_a_workload_token_is_swapped_in_every_version(world: World, api: Api, version: str) -> None:
    ti_id = world.submit()
    assert "refreshed-api-token" not in run(api, ti_id, version).headers
    assert "refreshed-api-token" in run(api, ti_id, version, scope="workload").headers


def test_upstream_map_indexes_were_once_single_numbers() -> None:
    context = {"upstream_map_indexes": {"one": 3, "many": [4, 5], "none": None, "empty": []}}
    first_upstream_map_indexes(context)
    assert context["upstream_map_indexes"] == {"one": 3, "many": 4, "none": None, "empty": None}


def _class(name: str, data: Any) -> dict[str, Any]:
    return {"__classname__": name, "__version__": 1, "__data__": data}


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({"a": [1, None, True, 1.5]}, {"__type": "dict", "__var": {"a": [1, None, True, 1.5]}}),
        ([float("inf")], ["inf"]),
        (_class("builtins.tuple", [1]), {"__type": "tuple", "__var": [1]}),
        (_class("datetime.timedelta", 60.0), {"__type": "timedelta", "__var": 60.0}),
        (_class("datetime.datetime", {"timestamp": 1.5, "tz": None}), {"__type": "datetime", "__var": 1.5}),
        (_class("datetime.date", "2026-01-01"), "2026-01-01"),
        ({"__type": "dict", "__var": {}}, {"__type": "dict", "__var": {}}),
    ],
)
def test_what_was_kept_in_the_encoding_of_old_sdks(kept: Any, told: Any) -> None:
    """As Airflow's own deserialize and BaseSerialization.serialize answered."""
    assert old_encoding(kept) == told


def test_what_no_server_can_import_is_told_as_it_was_kept() -> None:
    context = {"next_kwargs": {"mine": _class("my.Own", {}), "more": {"x": 1}}}
    told = context | {}
    old_next_kwargs(told)
    assert told == context
