"""The ASGI application: both APIs at the paths Airflow's api server has them.

The apps below it are made once for the whole process: what differs between two applications is the state alone,
and every request carries that along.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from fake_api.admin import routes as admin_routes
from fake_api.auth.fresh_keys import FreshKeys
from fake_api.dispatch import ExecutionApi
from fake_api.edge import create_edge_app
from fake_api.outcome import Reply
from fake_api.routing import STATE
from fake_api.state import State
from fake_api.state_file import StateFile
from fake_api.sweeps import Scheduler
from fake_api.wire import ReplyResponse

Pause = Callable[[float], Awaitable[None]]
NOT_FOUND = ReplyResponse(Reply(404, {"detail": "Not Found"}))


class Application:
    """Both APIs as one ASGI application. Two prefixes need no router: this is on every call's way."""

    def __init__(
        self,
        state: State,
        *,
        run_sweeps: bool,
        admin: ASGIApp | None = None,
        file: StateFile | None = None,
    ) -> None:
        self._state = state
        self._file = file
        execution: ASGIApp = execution_api()
        if state.tokens.fetches_keys:
            execution = FreshKeys(execution, tokens=state.tokens, now=state.now)
        edge_app: ASGIApp = edge_api()
        if state.worker_identities is not None and state.worker_identities.fetches_keys:
            edge_app = FreshKeys(edge_app, tokens=state.worker_identities, now=state.now)
        self._apps: dict[str, ASGIApp] = {"/execution": execution, "/edge_worker": edge_app}
        if admin is not None:
            self._apps["/admin"] = admin
        pause = asyncio.sleep if file is None else file.pause
        self._lifespan = Router(lifespan=_lifespan(state, pause) if run_sweeps else None)

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
            return
        scope = {**scope, "root_path": scope.get("root_path", "") + prefix, STATE: self._state}
        if self._file is None:
            await app(scope, receive, send)
        else:
            await self._file.serve(app, scope, receive, send)


def create_app(
    state: State,
    *,
    run_sweeps: bool = False,
    admin: bool = False,
    admin_token: str | None = None,
    file: StateFile | None = None,
) -> Application:
    """Both APIs over `state`; with `run_sweeps` the scheduler runs as long as the app's lifespan.

    `admin` adds the routes under /admin, which want `admin_token` as bearer token if there is one. `file` is
    the open file of a durable state.
    """
    routes = create_admin_app(admin_token) if admin else None
    return Application(state, run_sweeps=run_sweeps, admin=routes, file=file)


@cache
def execution_api() -> ExecutionApi:
    """The Execution API in all its versions, to be mounted at /execution."""
    return ExecutionApi()


@cache
def edge_api() -> FastAPI:
    """The Edge worker API, to be mounted at /edge_worker."""
    return create_edge_app()


def create_admin_app(token: str | None = None) -> FastAPI:
    """The routes under /admin. They are ours: Airflow has none like them."""
    app = FastAPI(title="Admin of the fake", docs_url=None, redoc_url=None)
    app.state.admin_token = token
    app.include_router(admin_routes.router)
    return app


def _lifespan(state: State, pause: Pause) -> Any:
    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        sweeps = asyncio.create_task(Scheduler(state).run(pause))
        try:
            yield
        finally:
            sweeps.cancel()
            with suppress(asyncio.CancelledError):
                await sweeps

    return lifespan
