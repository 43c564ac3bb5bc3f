"""Routes under /store: what tasks remember, for themselves or for an asset.

Airflow: execution_api/routes/task_state_store.py and asset_state_store.py, over the metadata database.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from fake_api.auth import Claims
from fake_api.catalogue import Asset
from fake_api.dependencies import ClaimsDep, StateDep, execution_token
from fake_api.execution.content_payloads import AssetStateStorePutBody, TaskStateStorePutBody
from fake_api.outcome import NO_CONTENT, Reply, refuse
from fake_api.routing import guarded_by
from fake_api.state import State
from fake_api.stores import StoredValue

router = APIRouter(
    prefix="/store/ti",
    tags=["Task State Store"],
    route_class=guarded_by(execution_token(subject="task_instance_id")),
)
asset_router = APIRouter(
    prefix="/store/asset", tags=["Asset State Store"], route_class=guarded_by(execution_token())
)

Key = Annotated[str, Path(min_length=1)]
Text = Annotated[str, Query(min_length=1)]
#: A token that belongs to no task instance: what watches an asset may write too.
NOBODY = UUID(int=0)


@router.get("/{task_instance_id}/{key:path}")
async def get_value(*, task_instance_id: UUID, key: Key, state: StateDep) -> Reply:
    """Get a value of the task instance, whichever try stored it."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return _no_task_instance(str(task_instance_id))
    return _told(state.task_store.get(ti.task.primary, key), f"Task state store key {key!r} not found")


@router.put("/{task_instance_id}/{key:path}", status_code=204)
async def put_value(
    *, task_instance_id: UUID, key: Key, body: TaskStateStorePutBody, state: StateDep
) -> Reply:
    """Set a value of the task instance."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return _no_task_instance(str(task_instance_id))
    state.task_store.set(ti.task.primary, key, body.value, expires_at=body.expires_at)
    return NO_CONTENT


@router.delete("/{task_instance_id}/{key:path}", status_code=204)
async def delete_value(*, task_instance_id: UUID, key: Key, state: StateDep) -> Reply:
    """Delete a value of the task instance, or find it gone."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return _no_task_instance(str(task_instance_id))
    state.task_store.delete(ti.task.primary, key)
    return NO_CONTENT


@router.delete("/{task_instance_id}", status_code=204)
async def clear_values(*, task_instance_id: UUID, state: StateDep) -> Reply:
    """Delete all values of the task instance."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return _no_task_instance(str(task_instance_id))
    state.task_store.clear(ti.task.primary)
    return NO_CONTENT


@asset_router.get("/by-name/value")
async def get_by_name(*, name: Text, key: Text, state: StateDep) -> Reply:
    """Get a value of the active asset with this name."""
    return _get(state, state.assets.named(name), f"{name=}", key)


@asset_router.put("/by-name/value", status_code=204)
async def put_by_name(
    *, name: Text, key: Text, body: AssetStateStorePutBody, state: StateDep, claims: ClaimsDep
) -> Reply:
    """Set a value of the active asset with this name."""
    return _put(state, state.assets.named(name), f"{name=}", key, body, claims)


@asset_router.delete("/by-name/value", status_code=204)
async def delete_by_name(*, name: Text, key: Text, state: StateDep) -> Reply:
    """Delete a value of the active asset with this name, or find it gone."""
    return _delete(state, state.assets.named(name), f"{name=}", key)


@asset_router.delete("/by-name/clear", status_code=204)
async def clear_by_name(*, name: Text, state: StateDep) -> Reply:
    """Delete all values of the active asset with this name."""
    return _delete(state, state.assets.named(name), f"{name=}", None)


@asset_router.get("/by-uri/value")
async def get_by_uri(*, uri: Text, key: Text, state: StateDep) -> Reply:
    """Get a value of the active asset with this URI."""
    return _get(state, state.assets.at(uri), f"{uri=}", key)


@asset_router.put("/by-uri/value", status_code=204)
async def put_by_uri(
    *, uri: Text, key: Text, body: AssetStateStorePutBody, state: StateDep, claims: ClaimsDep
) -> Reply:
    """Set a value of the active asset with this URI."""
    return _put(state, state.assets.at(uri), f"{uri=}", key, body, claims)


@asset_router.delete("/by-uri/value", status_code=204)
async def delete_by_uri(*, uri: Text, key: Text, state: StateDep) -> Reply:
    """Delete a value of the active asset with this URI, or find it gone."""
    return _delete(state, state.assets.at(uri), f"{uri=}", key)


@asset_router.delete("/by-uri/clear", status_code=204)
async def clear_by_uri(*, uri: Text, state: StateDep) -> Reply:
    """Delete all values of the active asset with this URI."""
    return _delete(state, state.assets.at(uri), f"{uri=}", None)


def _get(state: State, asset: Asset | None, asked: str, key: str) -> Reply:
    if asset is None:
        return _no_asset(asked)
    return _told(state.asset_store.get(asset.key, key), f"Asset state store key {key!r} not found")


def _put(
    state: State, asset: Asset | None, asked: str, key: str, body: AssetStateStorePutBody, claims: Claims
) -> Reply:
    if asset is None:
        return _no_asset(asked)
    writer = UUID(claims.owner or "")
    if writer != NOBODY and state.task_instances.get(writer) is None:
        return _no_task_instance(repr(writer))
    state.asset_store.set(asset.key, key, body.value)
    return NO_CONTENT


def _delete(state: State, asset: Asset | None, asked: str, key: str | None) -> Reply:
    if asset is None:
        return _no_asset(asked)
    if key is None:
        state.asset_store.clear(asset.key)
    else:
        state.asset_store.delete(asset.key, key)
    return NO_CONTENT


def _told(stored: StoredValue | None, otherwise: str) -> Reply:
    if stored is None:
        return refuse(404, reason="not_found", message=otherwise).reply
    return Reply(200, {"value": stored.value})


def _no_asset(asked: str) -> Reply:
    return refuse(404, reason="not_found", message=f"Asset with {asked} not found").reply


def _no_task_instance(name: str) -> Reply:
    return refuse(404, reason="not_found", message=f"Task instance {name} not found").reply
