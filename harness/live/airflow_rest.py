"""The public REST API of an Airflow, as a user of it: what a live run triggers and reads back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx

from harness.errors import NotStarted
from harness.workers.scripted import AIRFLOW_VERSION, EDGE_VERSION

#: Seconds for one request, on a busy machine; and between two, while nobody answers.
TIMEOUT, AGAIN = 60.0, 0.5
#: What a worker says of itself.
ABOUT = "of a harness run"  # up to 3.1 a pool that is changed needs its description
SYSINFO = {"airflow_version": AIRFLOW_VERSION, "edge_provider_version": EDGE_VERSION}
#: Rows of one page: [api] maximum_page_limit.
PAGE = 100
_GONE_WELL = 300


class ServerRefused(NotStarted):
    """The server answered a request of ours with 4xx, in its own words."""


class NotThere(ServerRefused):
    """404: what the request is about does not exist."""


class AirflowRest:
    """Requests to one server, with a token; those of `call` are repeated while nobody answers.

    `made` are the variables and connections that were not there before: kind and name.
    """

    def __init__(self, url: str) -> None:
        self.made: list[tuple[str, str]] = []
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False)

    async def log_in(self, username: str, password: str) -> None:
        """Get a token, as people do: POST /auth/token. Raises ServerRefused."""
        reply = await self.call("POST", "/auth/token", {"username": username, "password": password})
        self.use_token(reply["access_token"])

    def use_token(self, token: str) -> None:
        """Say this bearer token from now on."""
        self._client.headers["Authorization"] = f"Bearer {token}"

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The JSON of the reply, asked for until there is one: the caller sets a limit. Raises ServerRefused on 3xx, 4xx."""
        while True:
            try:
                reply = await self._client.request(method, path, json=body, params=query)
            except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
                raise ServerRefused(f"{method} {path} cannot be sent: {error}") from None
            except httpx.TransportError:
                reply = None
            if reply is not None and reply.status_code < 500:
                return _content(reply, f"{method} {path}")
            await asyncio.sleep(AGAIN)

    async def delete(self, path: str) -> None:
        """Delete what is there, if it is. Raises ServerRefused."""
        with suppress(NotThere):
            await self.call("DELETE", path)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    # -- what a run needs ------------------------------------------------------------------------------

    async def put_content(self, name: str) -> None:
        """Make the variable and the connection that task bodies read, if they are not there."""
        await self._create("variables", {"key": name, "value": "1"})
        await self._create("connections", {"connection_id": name, "conn_type": "http"})

    async def put_pools(self, names: list[str], *, slots: int) -> None:
        """Make these pools, or set their slots."""
        pools = [{"name": name, "slots": slots, "description": ABOUT} for name in names]
        for at in range(0, len(pools), PAGE):
            await self._create("pools", *pools[at : at + PAGE], existing="overwrite")

    async def _create(self, kind: str, *entities: dict[str, Any], existing: str = "skip") -> None:
        action = {"action": "create", "entities": list(entities), "action_on_existence": existing}
        done = await self.call("PATCH", f"/api/v2/{kind}", {"actions": [action]})
        self.made += [(kind, name) for name in (done.get("create") or {}).get("success", [])]
        if errors := (done.get("create") or {}).get("errors"):
            raise ServerRefused(f"{kind} could not be made: {errors[0]}")

    async def say_offline(self, worker: str, *, token: str) -> None:
        """Report on the Edge API that a worker has ended, as it would itself; nothing if it is not known."""
        body = {"state": "offline", "jobs_active": 0, "queues": None, "sysinfo": SYSINFO}
        url = f"/edge_worker/v1/worker/{worker}"
        with suppress(httpx.TransportError):  # then the server finds out by itself
            await self._client.patch(url, json=body, headers={"Authorization": token})

    async def open_pool(self, name: str, *, slots: int) -> None:
        """Let tasks of the pool be queued."""
        pool = {"pool": name, "slots": slots, "description": ABOUT, "include_deferred": False}
        await self.call("PATCH", f"/api/v2/pools/{quote(name, safe='')}", pool)

    async def trigger(self, dag_id: str, run_id: str) -> None:
        """Unpause the Dag and trigger a run of it. Raises ServerRefused where the Dag is not there, or the run is."""
        dag = f"/api/v2/dags/{quote(dag_id, safe='')}"
        await self.call("PATCH", dag, {"is_paused": False}, update_mask="is_paused")
        await self.call("POST", f"{dag}/dagRuns", {"dag_run_id": run_id, "logical_date": None})

    async def dag_run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """The Dag run as the API tells it."""
        told: dict[str, Any] = await self.call("GET", _run_path(dag_id, run_id))
        return told

    async def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Every task instance of the Dag run, as the API tells them."""
        found: list[dict[str, Any]] = []
        while True:
            path = f"{_run_path(dag_id, run_id)}/taskInstances"
            page = await self.call("GET", path, limit=PAGE, offset=len(found), order_by="id")
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found


def _content(reply: httpx.Response, asked: str) -> Any:
    if reply.status_code >= _GONE_WELL:
        words = " ".join(reply.text.split())[:300]
        kind = NotThere if reply.status_code == 404 else ServerRefused
        raise kind(f"{asked} was refused: {reply.status_code} {words}")
    try:
        return reply.json() if reply.content else None
    except ValueError:
        raise ServerRefused(f"{asked} was not answered with JSON: {reply.text[:60]!r}") from None


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"
