"""What every call to the Execution API gets, whatever its route: API version, correlation id, fresh token.

Airflow: execution_api/app.py (CorrelationIdMiddleware, JWTReissueMiddleware) and Cadwyn. As there, a 500 for
an unhandled exception passes by all of this.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fake_api.auth import bearer
from fake_api.outcome import Reply
from fake_api.state import State
from fake_api.versions import NEWEST, MalformedVersionError, VersionTooOldError, resolve
from fake_api.wire import ReplyResponse

NEWEST_TEXT = NEWEST.isoformat().encode()
NO_SUCH_VERSION = ReplyResponse(Reply(404, {"detail": "Not Found"}))


class ExecutionHeaders:
    """Checks the version header, and adds the headers Airflow adds to every response."""

    def __init__(self, app: ASGIApp, *, state: State) -> None:
        self.app = app
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._added(headers)]
            await send(message)

        await self._respond(headers, scope, receive, send_with_headers)

    async def _respond(self, headers: dict[bytes, bytes], scope: Scope, receive: Receive, send: Send) -> None:
        asked = headers.get(b"airflow-api-version")
        try:
            resolve(None if asked is None else asked.decode("latin-1"))
        except VersionTooOldError:
            await NO_SUCH_VERSION(scope, receive, send)
        except MalformedVersionError as error:
            await ReplyResponse(Reply(422, {"detail": error.errors}))(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _added(self, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        added = [(b"airflow-api-version", headers.get(b"airflow-api-version", NEWEST_TEXT))]
        if correlation_id := headers.get(b"correlation-id"):
            added.append((b"correlation-id", correlation_id))
        if refreshed := self._refreshed(headers.get(b"authorization")):
            added.append((b"refreshed-api-token", refreshed.encode()))
        return added

    def _refreshed(self, authorization: bytes | None) -> str | None:
        token = bearer(authorization.decode("latin-1") if authorization else None)
        if token is None:
            return None
        now = self.state.now()
        claims = self.state.tokens.execution(token, now)
        if claims is None or claims.scope == "workload" or not claims.refresh_due_at(now.timestamp()):
            return None
        return self.state.tokens.mint(sub=claims.sub, scope=claims.scope, now=now)
