"""A caller of the Execution API: HTTP without sockets, with tokens of its own making."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from fake_api import create_app
from tests.unit.fake_api.world import World

SOMEBODY = UUID(int=12345)


@dataclass(frozen=True)
class Answer:
    """Status and parsed body; a body that is empty is None."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def detail(self) -> Any:
        return self.body["detail"]


@dataclass
class Api:
    """Calls the API of a world. `subject` is who calls: a task instance, or a connection test.

    `version` is what its version header says, if it has one; without a `scope` it has no token.
    """

    world: World
    subject: UUID = SOMEBODY
    scope: str = "execution"
    transport: httpx.ASGITransport | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        self._transport = self.transport or httpx.ASGITransport(
            create_app(self.world.state), raise_app_exceptions=False
        )

    def of(self, subject: UUID, scope: str = "execution") -> "Api":
        """The same API, called by somebody else."""
        return Api(self.world, subject, scope, self._transport, self.version)

    def at(self, version: str | None) -> "Api":
        """The same API, in the words of a version."""
        return Api(self.world, self.subject, self.scope, self._transport, version)

    def get(self, path: str, **params: Any) -> Answer:
        return self.call("GET", path, params=params)

    def call(self, method: str, path: str, *, json: Any = None, **request: Any) -> Answer:
        """One call; `json` None sends no body."""
        return asyncio.run(self._call(method, path, ({} if json is None else {"json": json}) | request))

    async def _call(self, method: str, path: str, request: dict[str, Any]) -> Answer:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://test/execution") as client:
            reply = await client.request(method, path, **{"headers": self._headers()} | request)
        is_json = reply.headers.get("content-type") == "application/json"
        body = (reply.json() if is_json else reply.text) if reply.content else None
        return Answer(reply.status_code, body, reply.headers)

    def _headers(self) -> dict[str, str]:
        state = self.world.state
        headers = {} if self.version is None else {"airflow-api-version": self.version}
        if self.scope:
            token = state.tokens.mint(sub=str(self.subject), scope=self.scope, now=state.now())
            headers["authorization"] = f"Bearer {token}"
        return headers
