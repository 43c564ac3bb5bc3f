"""The ASGI application: both APIs at the paths Airflow's api server has them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from fake_api import edge, execution
from fake_api.middleware import ExecutionHeaders
from fake_api.outcome import Reply
from fake_api.state import State
from fake_api.sweeps import Scheduler
from fake_api.wire import ReplyResponse


def create_app(state: State, *, run_sweeps: bool = False) -> FastAPI:
    """Both APIs over `state`; with `run_sweeps` the scheduler runs as long as the app's lifespan."""
    lifespan = _lifespan(state) if run_sweeps else None
    app = FastAPI(title="Fake Airflow API server", lifespan=lifespan, openapi_url=None)
    app.mount("/execution", create_execution_app(state))
    app.mount("/edge_worker", create_edge_app(state))
    return app


def create_execution_app(state: State) -> FastAPI:
    """The Execution API, to be mounted at /execution."""
    app = _create("Airflow Task Execution API", state, execution.ROUTERS)
    app.add_middleware(ExecutionHeaders, state=state)
    app.add_exception_handler(Exception, _internal_server_error)
    return app


def create_edge_app(state: State) -> FastAPI:
    """The Edge worker API, to be mounted at /edge_worker."""
    return _create("Airflow Edge Worker API", state, edge.ROUTERS, prefix="/v1")


def _create(title: str, state: State, routers: tuple[APIRouter, ...], prefix: str = "") -> FastAPI:
    app = FastAPI(title=title, docs_url=None, redoc_url=None)
    app.state.fake = state
    for router in routers:
        app.include_router(router, prefix=prefix)
    return app


async def _internal_server_error(request: Request, _error: Exception) -> Response:
    body: dict[str, Any] = {"message": "Internal server error"}
    if correlation_id := request.headers.get("correlation-id"):
        body["correlation-id"] = correlation_id
    return ReplyResponse(Reply(500, body))


def _lifespan(state: State) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        sweeps = asyncio.create_task(Scheduler(state).run())
        try:
            yield
        finally:
            sweeps.cancel()
            with suppress(asyncio.CancelledError):
                await sweeps

    return lifespan
