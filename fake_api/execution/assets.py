"""Routes under /assets and /asset-events (Airflow: execution_api/routes/assets.py, asset_events.py)."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from fake_api.catalogue import Asset, AssetEvent
from fake_api.database import window
from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.content_answers import AssetEventsResponse, AssetResponse
from fake_api.execution.documented import statuses
from fake_api.execution.payloads import UtcDatetime
from fake_api.outcome import Reply, refuse
from fake_api.queries import created_runs
from fake_api.routing import guarded_by
from fake_api.rows import AssetKey
from fake_api.state import State
from fake_api.views import asset_event_view, asset_view

guarded = guarded_by(execution_token())
router = APIRouter(prefix="/assets", tags=["Assets"], route_class=guarded)
events_router = APIRouter(prefix="/asset-events", tags=["Asset Events"], route_class=guarded)

Time = Annotated[UtcDatetime | None, Query()]
Limit = Annotated[int | None, Query()]


@router.get("/by-name", response_model=AssetResponse, responses=statuses(401, 404))
async def by_name(*, name: Annotated[str, Query()], state: StateDep) -> Reply:
    """Get the active asset with this name."""
    return _found(state.assets.named(name), f"Asset with name {name} not found")


@router.get("/by-uri", response_model=AssetResponse, responses=statuses(401, 404))
async def by_uri(*, uri: Annotated[str, Query()], state: StateDep) -> Reply:
    """Get the active asset with this URI."""
    return _found(state.assets.at(uri), f"Asset with URI {uri} not found")


@router.get("/by-alias", response_model=list[AssetResponse], responses=statuses(401, 404))
async def by_alias(*, alias_name: Annotated[str, Query()], state: StateDep) -> Reply:
    """List what an alias stands for, active or not."""
    return Reply(200, [asset_view(asset) for asset in state.assets.of_alias(alias_name)])


@events_router.get("/by-asset", response_model=AssetEventsResponse, responses=statuses(401, 404))
async def events_by_asset(
    *,
    name: Annotated[str | None, Query()],
    uri: Annotated[str | None, Query()],
    state: StateDep,
    after: Time = None,
    before: Time = None,
    ascending: bool = True,
    limit: Limit = None,
) -> Reply:
    """List the events of an asset; one that is not active is known by its name and URI together only."""
    if not name and not uri:
        message = "name and uri cannot both be None"
        return refuse(400, reason="Missing parameter", message=message).reply
    asset = _look_up(state, name or "", uri or "")
    return _events(
        state, lambda event: asset is not None and event.asset == asset.key, after, before, ascending, limit
    )


@events_router.get("/by-asset-alias", response_model=AssetEventsResponse, responses=statuses(401, 404))
async def events_by_asset_alias(
    *,
    name: Annotated[str, Query()],
    state: StateDep,
    after: Time = None,
    before: Time = None,
    ascending: bool = True,
    limit: Limit = None,
) -> Reply:
    """List the events that came through an alias."""
    return _events(state, lambda event: name in event.aliases, after, before, ascending, limit)


def _found(asset: Asset | None, otherwise: str) -> Reply:
    if asset is None:
        return refuse(404, reason="not_found", message=otherwise).reply
    return Reply(200, asset_view(asset))


def _look_up(state: State, name: str, uri: str) -> Asset | None:
    if name and uri:
        return state.assets.get(AssetKey(name, uri))
    return state.assets.at(uri) if uri else state.assets.named(name)


def _events(
    state: State,
    wanted: Callable[[AssetEvent], bool],
    after: datetime | None,
    before: datetime | None,
    ascending: bool,
    limit: int | None,
) -> Reply:
    found = [
        event
        for event in state.assets.events.values()
        if wanted(event)
        and (after is None or event.timestamp >= after)
        and (before is None or event.timestamp <= before)
    ]
    found.sort(key=lambda event: event.timestamp, reverse=not ascending)
    views = [
        asset_event_view(event, asset, created_runs(state, event))
        for event in window(state.settings.database, found, limit=limit or None)
        if (asset := state.assets.get(event.asset))
    ]
    return Reply(200, {"asset_events": views})
