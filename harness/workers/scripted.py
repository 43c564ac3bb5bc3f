"""Our reference worker: a readable asyncio client of the Edge API and the Execution API that does it right.

What "right" means: keep trying through an outage, use the refreshed token, report a final state until
the server has answered, stop a task that the server withdrew, and stop one whose heartbeats have not
come through for so long that the server may soon give it to somebody else.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    running: list[int] = field(default_factory=list)  # the slots of each job in hand
    welcome: bool = False  # the server has taken our tokens before
    open: bool = True  # for more jobs
    _logged: dict[str, datetime] = field(default_factory=dict)  # job key → the time of its last piece of log

    async def run(self) -> None:
        """Register, then poll for jobs and heartbeat until SIGINT, then finish what was begun."""
        self._edge = self._client()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self.drain)
        await self._register()
        async with asyncio.TaskGroup() as others:
            beats = others.create_task(self._heartbeat_for_ever(), name=f"{self.site.name}: heartbeat")
            async with asyncio.TaskGroup() as self._group:  # of the jobs
                await self._poll()
            beats.cancel()
        with suppress(Refused):
            await self._edge_call("PATCH", f"worker/{self.planned.identity}", self._state("offline"))

    def drain(self) -> None:
        """Take no more jobs; end when those begun are over."""
        self.open = False

    @property
    def free_slots(self) -> int:
        return self.planned.slots - sum(self.running)

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
                if refusal.reply.status == 400:  # of a version that the server does not take
                    raise
                # 409: our predecessor died and the server has not noticed yet; else see `_heartbeat_for_ever`
                await asyncio.sleep(self._heartbeat_interval)
            else:
                self.welcome = True
                return

    async def _heartbeat_for_ever(self) -> None:
        while True:
            state = ("running" if self.running else "idle") if self.open else "terminating"
            try:
                await self._edge_call("PATCH", f"worker/{self.planned.identity}", self._state(state))
            except Refused as refusal:
                # what else is refused may be granted once clocks are right again, or what stands in between is mended
                if refusal.reply.status == 404:
                    await self._register()
            await asyncio.sleep(self._heartbeat_interval)

    async def _poll(self) -> None:
        """Take jobs until the worker is drained."""
        poll, interval = self._client(), self.site.option("edge.job_poll_interval")
        while self.open:
            if self.free_slots > 0 and (job := await self._fetch(poll)):
                self._start(job)
            else:
                await asyncio.sleep(interval)
        poll.close()

    async def _fetch(self, client: ApiClient) -> Any:
        queues = list(self.planned.queues)
        body = {"queues": queues, "free_concurrency": self.free_slots, "supports_task_instance_uuid": True}
        try:
            return await self._edge_call("POST", f"jobs/fetch/{self.planned.identity}", body, client=client)
        except Refused:  # the heartbeat finds out what is the matter
            return None

    # -- a job -------------------------------------------------------------------------------------

    def _start(self, job: dict[str, Any]) -> None:
        key = "/".join(str(job[name]) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index"))
        self.running.append(job["concurrency_slots"])
        self._group.create_task(self._run_job(key, job), name=f"{self.site.name}: {key}")

    async def _run_job(self, key: str, job: dict[str, Any]) -> None:
        await self._run_job_as(self.attempt, key, job)

    async def _run_job_as(self, kind: Callable[..., Try], key: str, job: dict[str, Any]) -> None:
        client = self._client()
        try:
            await self._edge_call("PATCH", f"jobs/state/{key}/running", client=client)
            await self._push_log(client, key, "the task begins")
            ended_well = await kind(self.site, job, client).run()
            await self._push_log(client, key, "the task is over")
            state = "success" if ended_well else "failed"
            await self._edge_call("PATCH", f"jobs/state/{key}/{state}", client=client)
        except Refused:
            pass  # the server has other plans for this job
        finally:
            self.running.remove(job["concurrency_slots"])
            self._logged.pop(key, None)
            client.close()

    async def _push_log(self, client: ApiClient, key: str, text: str) -> None:
        """Try three times: a chunk that did arrive is refused for ever after, and no log is worth a job."""
        at = self._log_time(key)
        await self._push_chunk(client, key, at, f"{at.isoformat()} {text}\n")

    async def _push_chunk(self, client: ApiClient, key: str, at: datetime, text: str) -> None:
        chunk = {"log_chunk_time": at.isoformat(), "log_chunk_data": text}
        for _ in range(3):
            wait = RETRY_FIRST
            with suppress(Unreachable):
                reply = await self._edge_attempt(client, "POST", f"logs/push/{key}", chunk)
                if reply.status < 400:
                    return
                wait = max(wait, reply.retry_after)
            await asyncio.sleep(wait)

    def _log_time(self, key: str) -> datetime:
        """Now, and later than before: a log is read in the order of these times, whatever the host's clock does."""
        now = self.site.utcnow()
        self._logged[key] = max(now, self._logged.get(key, now) + timedelta(microseconds=1))
        return self._logged[key]
