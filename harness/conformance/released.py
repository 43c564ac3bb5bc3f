"""The arm of a released api-server that the suite set up by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import httpx

from harness.conformance.case import Act, Case
from harness.conformance.wire import Reply
from harness.live.servers import ApiServer, now

#: Seconds a call may take.
TIMEOUT = 60.0


class Sender:
    """Sends requests over TCP, with nothing in them that an HTTP library would add."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=TIMEOUT)

    def send(self, sent: httpx.Request) -> Reply:
        """Send a request. A connection that ends without an answer is an answer, too."""
        reply = send(self._client, sent)
        if reply.broken or reply.status == 500:
            # uvicorn closes the connection after an unhandled error without saying so
            self.close()
            self._client = httpx.Client(timeout=TIMEOUT)
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class ReleasedArm(Sender):
    """A released server: seeds and rows go through its seeding process, calls over TCP. Close it after use."""

    def __init__(self, server: ApiServer) -> None:
        super().__init__()
        self._server = server

    @property
    def base(self) -> str:
        return self._server.url

    @property
    def secret(self) -> str:
        return self._server.secret

    def now(self) -> datetime:
        return now()

    def seed(self, case: Case) -> Mapping[str, str]:
        answer = self._server.seeder.ask("seed", dag_id=case.dag_id, seed=asdict(case.seed))
        ids: dict[str, str] = answer["ids"]
        return ids

    def act(self, act: Act, id: str) -> None:
        self._server.seeder.ask(act.what, id=id)

    def state(self, case: Case) -> Mapping[str, Any] | None:
        return self._server.seeder.ask("state", dag_id=case.dag_id)


def send(client: httpx.Client, sent: httpx.Request) -> Reply:
    """Send a request over TCP. A connection that ends without an answer is an answer, too."""
    try:
        got = client.send(sent)
    except httpx.TransportError as error:
        return Reply(broken=type(error).__name__)
    return Reply(got.status_code, dict(got.headers), got.content)
