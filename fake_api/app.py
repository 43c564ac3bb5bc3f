"""The ASGI application: both APIs at the paths Airflow's api server has them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from fake_api import edge, execution
from fake_api.middleware import ExecutionHeaders
from fake_api.outcome import Reply
from fake_api.state import State
from fake_api.sweeps import Scheduler
from fake_api.wire import ReplyResponse

NOT_FOUND = ReplyResponse(Reply(404, {"detail": "Not Found"}))


class Application:
    """Both APIs as one ASGI application. Two prefixes need no router: this is on every call's way."""

    def __init__(self, state: State, *, run_sweeps: bool) -> None:
        self._apps = {"/execution": create_execution_app(state), "/edge_worker": create_edge_app(state)}
        self._lifespan = Router(lifespan=_lifespan(state) if run_sweeps else None)

    def lifespan(self) -> AbstractAsyncContextManager[Any]:
        """What lives as long as the application: the sweeps, if they were asked for."""
        return self._lifespan.lifespan_context(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan, as an ASGI application."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        prefix = "/".join(scope["path"].split("/", 2)[:2])
        app = self._apps.get(prefix)
        if app is None:
            await NOT_FOUND(scope, receive, send)
        else:
            await app({**scope, "root_path": scope.get("root_path", "") + prefix}, receive, send)


def create_app(state: State, *, run_sweeps: bool = False) -> Application:
    """Both APIs over `state`; with `run_sweeps` the scheduler runs as long as the app's lifespan."""
    return Application(state, run_sweeps=run_sweeps)


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
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        sweeps = asyncio.create_task(Scheduler(state).run())
        try:
            yield
        finally:
            sweeps.cancel()
            with suppress(asyncio.CancelledError):
                await sweeps

    return lifespan
