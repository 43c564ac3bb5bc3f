"""The Execution API: hands each call to the app of the version its header asks for.

The newest version has a lean app, which is on the way of nearly every call. Everything else is made when it is
first needed: fake_api/versions imports Cadwyn, and that takes its time.
"""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fake_api import execution
from fake_api.database import ValueRejectedError
from fake_api.dependencies import state_of
from fake_api.middleware import ExecutionHeaders
from fake_api.outcome import Reply
from fake_api.routing import header
from fake_api.transitions.dag_runs import database_refusal
from fake_api.versions import NEWEST, closest
from fake_api.wire import ReplyResponse

#: The pages about the API: without a version header, all of them; with one, only the document.
PAGES = {"/docs", "/docs/oauth2-redirect", "/redoc", "/changelog"}
DOCUMENT = "/openapi.json"
NO_SUCH_ROUTE = ExecutionHeaders(ReplyResponse(Reply(404, {"detail": "Not Found"})))


class ExecutionApi:
    """All versions as one ASGI application."""

    def __init__(self) -> None:
        self.newest = create_newest()
        self._older: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application."""
        await self._picked(scope)(scope, receive, send)

    def _picked(self, scope: Scope) -> ASGIApp:
        asked = header(scope, b"airflow-api-version")
        path = scope["path"].removeprefix(scope["root_path"])
        if path == DOCUMENT or (path in PAGES and asked is None):
            return self._made("pages")
        # Patterns of routes end before a last line end: the mount around Airflow's API then cuts the path one too short.
        if path.endswith("\n"):
            return NO_SUCH_ROUTE
        if asked is None or asked == NEWEST:
            return self.newest
        version = closest(asked)
        return NO_SUCH_ROUTE if version is None else self._made(version)

    def _made(self, name: str) -> ASGIApp:
        if name not in self._older:
            self._older[name] = _make(name)
        return self._older[name]


def create_newest() -> FastAPI:
    """The lean app of the newest version."""
    routes = [route for router in execution.ROUTERS for route in router.routes]
    app = FastAPI(routes=routes, openapi_url=None)
    configure(app)
    return app


def configure(app: FastAPI) -> None:
    """What the apps of all versions have: the headers around a reply, and how an error of the server is told."""
    app.add_middleware(ExecutionHeaders)
    app.add_exception_handler(ValueRejectedError, _value_rejected)
    app.add_exception_handler(Exception, _internal_server_error)


def _make(name: str) -> ASGIApp:
    from fake_api.versions.older import version_app
    from fake_api.versions.pages import pages_app

    return pages_app() if name == "pages" else version_app(name, configure)


async def _value_rejected(request: Request, _error: Exception) -> Response:
    error_id = state_of(request.scope).new_id()
    return ReplyResponse(database_refusal(422, "Value rejected by database", error_id).reply)


async def _internal_server_error(request: Request, _error: Exception) -> Response:
    body: dict[str, Any] = {"message": "Internal server error"}
    if correlation_id := request.headers.get("correlation-id"):
        body["correlation-id"] = correlation_id
    return ReplyResponse(Reply(500, body))
