"""What every call to the Execution API gets, whatever its route: API version, correlation id, fresh token.

Airflow: execution_api/app.py (CorrelationIdMiddleware, JWTReissueMiddleware) and Cadwyn. As there, a 500 for
an unhandled exception passes by all of this.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fake_api.auth.reissue import reissued
from fake_api.dependencies import state_of
from fake_api.state import State
from fake_api.versions import NEWEST
from fake_api.wire import JSON

NEWEST_TEXT = NEWEST.encode()


class ExecutionHeaders:
    """Adds the headers Airflow adds to every response, and the one that a lenient server takes for granted."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # of two with one name, the first
        state = state_of(scope)
        if b"content-type" not in headers and not state.settings.strict_content_type:
            scope = {**scope, "headers": [*scope["headers"], JSON]}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_added(scope, headers, state)]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _added(scope: Scope, headers: dict[bytes, bytes], state: State) -> list[tuple[bytes, bytes]]:
    added = [(b"airflow-api-version", headers.get(b"airflow-api-version", NEWEST_TEXT))]
    if correlation_id := headers.get(b"correlation-id"):
        added.append((b"correlation-id", correlation_id))
    authorization = headers.get(b"authorization")
    if refreshed := reissued(state.tokens, state.audit, scope, authorization, state.now()):
        added.append((b"refreshed-api-token", refreshed.encode()))
    return added
