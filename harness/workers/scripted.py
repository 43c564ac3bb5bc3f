"""Our reference worker: a readable asyncio client of the Edge API and the Execution API that does it right.

What "right" means: keep trying through an outage, use the refreshed token, report a final state until
the server has answered, stop a task that the server withdrew, and stop one whose heartbeats have not
come through for so long that the server may soon give it to somebody else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.model.plan import PlannedWorker
from harness.ports import Site
from harness.workers.client import RETRY_FIRST, ApiClient, Refused, Reply, Unreachable, persist
from harness.workers.scripted_task import ScriptedTask
from harness.workers.tokens import edge_token

AIRFLOW_VERSION, EDGE_VERSION = "3.3.2", "5.1.0"


class Try(Protocol):
    """What runs one try of a task."""

    async def run(self) -> bool:
        """Live the try; whether the executor should hear of success."""
        ...


MakeTry = Callable[[Site, dict[str, Any], ApiClient], Try]
"""Takes the site, the fetched job, and a connection for the job's calls."""


@dataclass
class ScriptedWorker:
    """One worker of the plan on its host; `attempt` makes what runs a fetched job.

    `versions` of Airflow and of the edge provider are what it says it is: a server takes no others than its own.
    """

    planned: PlannedWorker
    site: Site
    attempt: MakeTry = ScriptedTask
    versions: tuple[str, str] = (AIRFLOW_VERSION, EDGE_VERSION)
    running: dict[str, int] = field(default_factory=dict)  # job key → slots
    welcome: bool = False  # the server has taken our tokens before

    async def run(self) -> None:
        """Register, then poll for jobs and heartbeat for ever."""
        self._edge = self._client()
        await self._register()
        async with asyncio.TaskGroup() as self._group:
            self._group.create_task(self._heartbeat_for_ever(), name=f"{self.site.name}: heartbeat")
            self._group.create_task(self._poll_for_ever(), name=f"{self.site.name}: poll")

    @property
    def free_slots(self) -> int:
        return self.planned.slots - sum(self.running.values())

    @property
    def _heartbeat_interval(self) -> float:
        return self.site.option("edge.heartbeat_interval")

    def _client(self) -> ApiClient:
        timeout = self.site.option("workers.execution_api_timeout")
        return ApiClient(self.site.server_url, timeout=timeout, tls=self.site.tls_context)

    # -- the Edge API ------------------------------------------------------------------------------

    async def _edge_call(
        self, method: str, path: str, body: Any = None, *, client: ApiClient | None = None
    ) -> Any:
        """Call the Edge API until it answers; each attempt has a token of its own. Raises Refused on 4xx.

        A token that is refused is made anew: the clock by which it was made may be wrong for a while.
        """
        via = client or self._edge
        reply = await persist(lambda: self._edge_attempt(via, method, path, body), random=self.site.random)
        return reply.json()

    async def _edge_attempt(self, client: ApiClient, method: str, path: str, body: Any) -> Reply:
        site = self.site
        lifetime = site.option("api_auth.jwt_leeway")
        token = edge_token(path, secret=site.jwt_secret, now=site.utcnow(), lifetime=lifetime)
        content = None if body is None else json.dumps(body).encode()
        reply = await client.request(method, f"/edge_worker/v1/{path}", token=token, content=content)
        if reply.status == 403 and self.welcome:
            raise Unreachable(f"{method} {path}: the token was refused")
        return reply

    def _state(self, state: str) -> dict[str, Any]:
        sysinfo = {
            "status": 20,
            "airflow_version": self.versions[0],
            "edge_provider_version": self.versions[1],
            "concurrency": self.planned.slots,
            "free_concurrency": self.free_slots,
        }
        queues = list(self.planned.queues)
        return {"state": state, "jobs_active": len(self.running), "queues": queues, "sysinfo": sysinfo}

    async def _register(self) -> None:
        while True:
            try:
                await self._edge_call("POST", f"worker/{self.planned.identity}", self._state("starting"))
            except Refused as refusal:
                if refusal.reply.status != 409:
                    raise
                # our predecessor died and the server has not noticed yet
                await asyncio.sleep(self._heartbeat_interval)
            else:
                self.welcome = True
                return

    async def _heartbeat_for_ever(self) -> None:
        while True:
            state = "running" if self.running else "idle"
            try:
                await self._edge_call("PATCH", f"worker/{self.planned.identity}", self._state(state))
            except Refused as refusal:
                if refusal.reply.status != 404:
                    raise
                await self._register()
            await asyncio.sleep(self._heartbeat_interval)

    async def _poll_for_ever(self) -> None:
        poll, interval = self._client(), self.site.option("edge.job_poll_interval")
        while True:
            while self.free_slots > 0 and (job := await self._fetch(poll)):
                self._start(job)
            await asyncio.sleep(interval)

    async def _fetch(self, client: ApiClient) -> Any:
        queues = list(self.planned.queues)
        body = {"queues": queues, "free_concurrency": self.free_slots, "supports_task_instance_uuid": True}
        return await self._edge_call("POST", f"jobs/fetch/{self.planned.identity}", body, client=client)

    # -- a job -------------------------------------------------------------------------------------

    def _start(self, job: dict[str, Any]) -> None:
        key = "/".join(str(job[name]) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index"))
        self.running[key] = job["concurrency_slots"]
        self._group.create_task(self._run_job(key, job), name=f"{self.site.name}: {key}")

    async def _run_job(self, key: str, job: dict[str, Any]) -> None:
        await self._run_job_as(self.attempt, key, job)

    async def _run_job_as(self, kind: Callable[..., Try], key: str, job: dict[str, Any]) -> None:
        client = self._client()
        try:
            await self._edge_call("PATCH", f"jobs/state/{key}/running", client=client)
            await self._push_log(client, key, "the task begins\n")
            ended_well = await kind(self.site, job, client).run()
            state = "success" if ended_well else "failed"
            await self._edge_call("PATCH", f"jobs/state/{key}/{state}", client=client)
        except Refused:
            pass  # the server has other plans for this job
        finally:
            self.running.pop(key, None)
            client.close()

    async def _push_log(self, client: ApiClient, key: str, text: str) -> None:
        """Try three times: a chunk that did arrive is refused for ever after, and no log is worth a job."""
        chunk = {"log_chunk_time": self.site.utcnow().isoformat(), "log_chunk_data": text}
        for _ in range(3):
            with suppress(Unreachable):
                if (await self._edge_attempt(client, "POST", f"logs/push/{key}", chunk)).status < 400:
                    return
            await asyncio.sleep(RETRY_FIRST)
