"""Callers of the edge app without sockets: edge workers, and people at its pages."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from fake_api import create_app
from fake_api.auth.users import mint_user_token
from tests.unit.fake_api.client import Answer
from tests.unit.fake_api.world import SYSINFO, World


@dataclass
class Edge:
    """Calls the edge app of a world, by default with the token the caller ought to have."""

    world: World

    def __post_init__(self) -> None:
        app = create_app(self.world.state)
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def work(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A worker's call; `path` is what follows /edge_worker/v1/."""
        return asyncio.run(self.working(method, path, body, **headers))

    def register(self, name: str = "w1", **body: Any) -> Answer:
        return self.work("POST", f"worker/{name}", {"state": "starting", "sysinfo": SYSINFO} | body)

    def heartbeat(self, name: str = "w1", state: str = "idle", **body: Any) -> Answer:
        return self.work("PATCH", f"worker/{name}", {"state": state, "sysinfo": SYSINFO} | body)

    def administer(self, method: str, path: str, body: Any = None, **params: Any) -> Answer:
        """A person's call; `path` is what follows /edge_worker/ui/."""
        token = mint_user_token(self.world.settings, "admin", self.world.at)
        request = {} if body is None else {"json": body}
        return asyncio.run(
            self._call(method, f"ui/{path}", {"authorization": f"Bearer {token}"}, params=params, **request)
        )

    def at_once(self, *calls: Coroutine[Any, Any, Answer]) -> list[Answer]:
        """Several calls at the same time."""

        async def all_of_them() -> list[Answer]:
            return list(await asyncio.gather(*calls))

        return asyncio.run(all_of_them())

    async def working(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A worker's call, to be awaited."""
        sent = {"authorization": self.token(path), "content-type": "application/json"} | headers
        content = b"" if body is None else json.dumps(body).encode()  # as aiohttp has it: ASCII, with escapes
        return await self._call(method, f"v1/{path}", sent, content=content)

    def token(self, path: str) -> str:
        """A worker's own token for a path."""
        now = int(self.world.at.timestamp())
        claims = {"method": path, "aud": "api", "iat": now, "nbf": now, "exp": now + 10}
        return jwt.encode(claims, self.world.settings.jwt_secret, "HS512")

    async def _call(self, method: str, path: str, headers: dict[str, str], **request: Any) -> Answer:
        async with httpx.AsyncClient(
            transport=self._transport, base_url="http://test/edge_worker/"
        ) as client:
            reply = await client.request(method, path, headers=headers, **request)
        json = reply.headers.get("content-type") == "application/json"
        return Answer(reply.status_code, reply.json() if json else reply.text)
