"""Keys from a URL, fetched when a call needs them. Airflow does it inside its validator, at the same times."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from fake_api.auth.verifiers import Fetch


async def fetch_json(url: str) -> Any:
    """The JSON document at this address. Raises OSError or ValueError when there is none."""
    try:
        async with httpx.AsyncClient() as client:
            reply = await client.get(url)
            return reply.raise_for_status().json()
    except httpx.HTTPError as error:
        raise OSError(str(error) or type(error).__name__) from error


class Trusting(Protocol):
    """Trusts keys that may be at a URL."""

    async def refresh_keys(self, now: datetime, fetch: Fetch) -> None:
        """Fetch the trusted keys if they are at a URL and it is time to."""
        ...


class FreshKeys:
    """Fetches the trusted keys before a call with a token is served, if it is time to."""

    def __init__(
        self, app: ASGIApp, *, tokens: Trusting, now: Callable[[], datetime], fetch: Fetch = fetch_json
    ) -> None:
        self.app = app
        self.tokens = tokens
        self.now = now
        self.fetch = fetch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application."""
        if any(name == b"authorization" for name, _ in scope.get("headers", ())):
            await self.tokens.refresh_keys(self.now(), self.fetch)
        await self.app(scope, receive, send)
