"""Routes under /store: what tasks remember, for themselves or for an asset.

Airflow: execution_api/routes/task_state_store.py and asset_state_store.py, over the metadata database.
"""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from fake_api.assets import Assets
from fake_api.catalogue import Asset
from fake_api.dependencies import ClaimsDep, StateDep, execution_token
from fake_api.execution.content_answers import AssetStateStoreResponse, TaskStateStoreResponse
from fake_api.execution.content_payloads import AssetStateStorePutBody, TaskStateStorePutBody
from fake_api.execution.documented import statuses
from fake_api.outcome import NO_CONTENT, Reply, refuse
from fake_api.routing import guarded_by
from fake_api.rows import AssetKey, TaskKey
from fake_api.state import State
from fake_api.stores import StoredValue
from fake_api.transitions.dag_runs import database_refusal

router = APIRouter(
    prefix="/store/ti/{task_instance_id}",
    tags=["Task State Store"],
    route_class=guarded_by(execution_token(subject="task_instance_id"), "ti:self"),
    responses=statuses(401, 403, 404),
)
asset_router = APIRouter(
    prefix="/store/asset",
    tags=["Asset State Store"],
    route_class=guarded_by(execution_token()),
    responses=statuses(401, 404),
)

Key = Annotated[str, Path(min_length=1)]
Text = Annotated[str, Query(min_length=1)]
#: A token that belongs to no task instance: what watches an asset may write too.
NOBODY = UUID(int=0)


@router.get("/{key:path}", response_model=TaskStateStoreResponse)
async def get_value(*, task_instance_id: UUID, key: Key, state: StateDep) -> Reply:
    """Get a value of the task instance, whichever try stored it."""
    return _of_task(state, task_instance_id, lambda task: _told("Task", key, state.task_store.get(task, key)))


@router.put("/{key:path}", status_code=204)
async def put_value(
    *, task_instance_id: UUID, key: Key, body: TaskStateStorePutBody, state: StateDep
) -> Reply:
    """Set a value of the task instance."""

    def put(task: TaskKey) -> Reply | None:
        if body.expires_at and body.expires_at.tzinfo is None:
            return database_refusal(500, "Database error", state.new_id()).reply
        state.task_store.set(task, key, body.value, expires_at=body.expires_at)
        return None

    return _of_task(state, task_instance_id, put)


@router.delete("/{key:path}", status_code=204)
async def delete_value(*, task_instance_id: UUID, key: Key, state: StateDep) -> Reply:
    """Delete a value of the task instance, or find it gone."""
    return _of_task(state, task_instance_id, lambda task: state.task_store.delete(task, key))


@router.delete("", status_code=204)
async def clear_values(*, task_instance_id: UUID, state: StateDep) -> Reply:
    """Delete all values of the task instance."""
    return _of_task(state, task_instance_id, state.task_store.clear)


def _declare(by: str, find: Callable[[Assets, str], Asset | None]) -> None:
    """The routes of an active asset that is known by its name, or by its URI."""
    known_by = Annotated[str, Query(alias=by, min_length=1)]

    def of_asset(state: State, known: str, act: Callable[[AssetKey], Reply | None]) -> Reply:
        asset = find(state.assets, known)
        return _not_found(f"Asset with {by}={known!r}") if asset is None else act(asset.key) or NO_CONTENT

    @asset_router.get(f"/by-{by}/value", response_model=AssetStateStoreResponse)
    async def get_value(*, known: known_by, key: Text, state: StateDep) -> Reply:
        """Get a value of the asset."""
        return of_asset(state, known, lambda asset: _told("Asset", key, state.asset_store.get(asset, key)))

    @asset_router.put(f"/by-{by}/value", status_code=204)
    async def put_value(
        *, known: known_by, key: Text, body: AssetStateStorePutBody, state: StateDep, claims: ClaimsDep
    ) -> Reply:
        """Set a value of the asset."""

        def put(asset: AssetKey) -> Reply | None:
            writer = UUID(claims.owner or "")
            if writer != NOBODY and state.task_instances.get(writer) is None:
                return _not_found(f"Task instance {writer!r}")
            state.asset_store.set(asset, key, body.value)
            return None

        return of_asset(state, known, put)

    @asset_router.delete(f"/by-{by}/value", status_code=204)
    async def delete_value(*, known: known_by, key: Text, state: StateDep) -> Reply:
        """Delete a value of the asset, or find it gone."""
        return of_asset(state, known, lambda asset: state.asset_store.delete(asset, key))

    @asset_router.delete(f"/by-{by}/clear", status_code=204)
    async def clear_values(*, known: known_by, state: StateDep) -> Reply:
        """Delete all values of the asset."""
        return of_asset(state, known, state.asset_store.clear)


_declare("name", Assets.named)
_declare("uri", Assets.at)


def _of_task(state: State, ti_id: UUID, act: Callable[[TaskKey], Reply | None]) -> Reply:
    ti = state.task_instances.get(ti_id)
    return _not_found(f"Task instance {ti_id}") if ti is None else act(ti.task.primary) or NO_CONTENT


def _told(kind: str, key: str, stored: StoredValue | None) -> Reply:
    if stored is None:
        return _not_found(f"{kind} state store key {key!r}")
    return Reply(200, {"value": stored.value})


def _not_found(what: str) -> Reply:
    return refuse(404, reason="not_found", message=f"{what} not found").reply
