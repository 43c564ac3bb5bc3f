"""Our reference worker: a readable asyncio client of the Edge API and the Execution API that does it right.

What "right" means: keep trying through an outage, use the refreshed token, report a final state until
the server has answered, stop a task that the server withdrew, and stop one whose heartbeats have not
come through for so long that the server may soon give it to somebody else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.errors import HarnessError
from harness.model.plan import PlannedWorker, Submission
from harness.ports import Body, Site
from harness.workers.client import ApiClient, Reply, Unreachable
from harness.workers.tokens import edge_token

POLL_INTERVAL = 5.0  # [edge] job_poll_interval, seconds
HEARTBEAT_INTERVAL = 30.0  # [edge] heartbeat_interval
TASK_HEARTBEAT_INTERVAL = 5.0  # [workers] min_heartbeat_interval
GIVE_UP_TASK_AFTER = 240.0  # well before [scheduler] task_instance_heartbeat_timeout, 300
RETRY_FIRST, RETRY_MOST = 1.0, 15.0
AIRFLOW_VERSION, EDGE_VERSION = "3.3.2", "5.1.0"


class Refused(HarnessError):
    """The server answered 4xx: asking again would not help."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body[:200]!r}")
        self.reply = reply


@dataclass
class ScriptedWorker:
    """One worker of the plan on its host."""

    planned: PlannedWorker
    site: Site
    running: dict[str, int] = field(default_factory=dict)  # job key → slots

    async def run(self) -> None:
        """Register, then poll for jobs and heartbeat for ever."""
        self._edge = ApiClient(self.site.server_url)
        await self._register()
        async with asyncio.TaskGroup() as self._group:
            self._group.create_task(self._heartbeat_for_ever(), name=f"{self.site.name}: heartbeat")
            self._group.create_task(self._poll_for_ever(), name=f"{self.site.name}: poll")

    @property
    def free_slots(self) -> int:
        return self.planned.slots - sum(self.running.values())

    # -- the Edge API ------------------------------------------------------------------------------

    async def _edge_call(
        self, method: str, path: str, body: Any = None, *, client: ApiClient | None = None
    ) -> Any:
        """Call the Edge API until it answers; each attempt has a token of its own. Raises Refused on 4xx."""

        async def attempt() -> Reply:
            token = edge_token(path, secret=self.site.jwt_secret, now=self.site.utcnow())
            content = None if body is None else json.dumps(body).encode()
            return await (client or self._edge).request(
                method, f"/edge_worker/v1/{path}", token=token, content=content
            )

        return (await self._persist(attempt)).json()

    async def _persist(self, attempt: Any) -> Reply:
        wait = RETRY_FIRST
        while True:
            try:
                reply: Reply = await attempt()
            except Unreachable:
                retry_after = 0.0
            else:
                if reply.status < 400:
                    return reply
                if reply.status < 500 and reply.status != 429:
                    raise Refused(reply)
                retry_after = float(reply.headers.get(b"retry-after", b"0"))
            await asyncio.sleep(max(retry_after, self.site.random.uniform(RETRY_FIRST, wait)))
            wait = min(wait * 2, RETRY_MOST)

    def _state(self, state: str) -> dict[str, Any]:
        sysinfo = {
            "status": 20,
            "airflow_version": AIRFLOW_VERSION,
            "edge_provider_version": EDGE_VERSION,
            "concurrency": self.planned.slots,
            "free_concurrency": self.free_slots,
        }
        queues = list(self.planned.queues)
        return {"state": state, "jobs_active": len(self.running), "queues": queues, "sysinfo": sysinfo}

    async def _register(self) -> None:
        while True:
            try:
                await self._edge_call("POST", f"worker/{self.site.name}", self._state("starting"))
            except Refused as refusal:
                if refusal.reply.status != 409:
                    raise
                # our predecessor died and the server has not noticed yet
                await asyncio.sleep(HEARTBEAT_INTERVAL)
            else:
                return

    async def _heartbeat_for_ever(self) -> None:
        while True:
            state = "running" if self.running else "idle"
            try:
                await self._edge_call("PATCH", f"worker/{self.site.name}", self._state(state))
            except Refused as refusal:
                if refusal.reply.status != 404:
                    raise
                await self._register()
            await asyncio.sleep(HEARTBEAT_INTERVAL)

    async def _poll_for_ever(self) -> None:
        poll = ApiClient(self.site.server_url)
        while True:
            while self.free_slots > 0 and (job := await self._fetch(poll)):
                self._start(job)
            await asyncio.sleep(POLL_INTERVAL)

    async def _fetch(self, client: ApiClient) -> Any:
        queues = list(self.planned.queues)
        body = {"queues": queues, "free_concurrency": self.free_slots, "supports_task_instance_uuid": True}
        return await self._edge_call("POST", f"jobs/fetch/{self.site.name}", body, client=client)

    # -- a job -------------------------------------------------------------------------------------

    def _start(self, job: dict[str, Any]) -> None:
        key = "/".join(str(job[name]) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index"))
        self.running[key] = job["concurrency_slots"]
        self._group.create_task(self._run_job(key, job), name=f"{self.site.name}: {key}")

    async def _run_job(self, key: str, job: dict[str, Any]) -> None:
        await self._run_job_as(ScriptedTask, key, job)

    async def _run_job_as(self, kind: Callable[..., ScriptedTask], key: str, job: dict[str, Any]) -> None:
        client = ApiClient(self.site.server_url)
        try:
            await self._edge_call("PATCH", f"jobs/state/{key}/running", client=client)
            ended_well = await kind(self, job, client).run()
            state = "success" if ended_well else "failed"
            await self._edge_call("PATCH", f"jobs/state/{key}/{state}", client=client)
        except Refused:
            pass  # the server has other plans for this job
        finally:
            self.running.pop(key, None)
            client.close()


@dataclass
class ScriptedTask:
    """One try of a task: run, heartbeats beside the body, then its results."""

    worker: ScriptedWorker
    job: dict[str, Any]
    client: ApiClient

    def __post_init__(self) -> None:
        command = self.job["command"]
        self.token: str = command["token"]
        self.ti: str = command["ti"]["id"]
        self.site = self.worker.site
        self.pid = self.site.new_pid()

    async def run(self) -> bool:
        """Live the try; whether the executor should hear of success. A task that fails well also is one."""
        try:
            context = (await self._call("PATCH", f"task-instances/{self.ti}/run", self._who())).json()
        except Refused:
            return False
        job = self.job
        task = self.site.task(job["dag_id"], job["task_id"], job["run_id"])
        body = self.site.begin(task, ti=self.ti, try_number=job["try_number"])
        if not await self._accompany(body, task):
            return False
        try:
            await self._report(task, failed=body.fails, retry=bool(context["should_retry"]))
        except Refused:
            return False
        return True

    def _who(self) -> dict[str, Any]:
        start = self.site.utcnow().isoformat()
        who = {"hostname": self.site.name, "unixname": "airflow", "pid": self.pid}
        return {"state": "running", "start_date": start, **who}

    async def _call(self, method: str, path: str, body: Any = None) -> Reply:
        """Call the Execution API until it answers."""
        return await self.worker._persist(lambda: self._attempt(method, path, body))

    async def _attempt(self, method: str, path: str, body: Any = None) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        reply = await self.client.request(
            method, f"/execution/{path}", token=f"Bearer {self.token}", content=content
        )
        if refreshed := reply.headers.get(b"refreshed-api-token"):
            self.token = refreshed.decode()
        return reply

    async def _accompany(self, body: Body, task: Submission) -> bool:
        """Heartbeat until the body ends; False if it had to be stopped."""
        last_heard = self.site.monotonic()
        if task.reads:
            await self._read()
        while not body.done:
            try:
                reply = await self._attempt("PUT", f"task-instances/{self.ti}/heartbeat", self._beat())
            except Unreachable:
                reply = None
            if reply is not None and reply.status in (404, 409, 410):
                body.kill("the server withdrew the task")
                return False
            if reply is not None and reply.status < 400:
                last_heard = self.site.monotonic()
            if self.site.monotonic() - last_heard > GIVE_UP_TASK_AFTER:
                body.kill("no heartbeat has come through for too long")
                return False
            left = body.ends_at - self.site.monotonic()
            await asyncio.sleep(max(0.0, min(TASK_HEARTBEAT_INTERVAL, left)))
        return True

    def _beat(self) -> dict[str, Any]:
        return {"hostname": self.site.name, "pid": self.pid}

    async def _read(self) -> None:
        for path in ("variables/harness", "connections/harness"):
            try:
                await self._attempt("GET", path)
            except Unreachable:
                continue

    async def _report(self, task: Submission, *, failed: bool, retry: bool) -> None:
        end = self.site.utcnow().isoformat()
        if failed:
            state = {"state": "up_for_retry" if retry else "failed", "end_date": end}
        else:
            if task.xcom_bytes:
                await self._push_xcom(task)
            state = {"state": "success", "end_date": end, "task_outlets": [], "outlet_events": []}  # type: ignore[dict-item]
        await self._call("PATCH", f"task-instances/{self.ti}/state", state)

    async def _push_xcom(self, task: Submission) -> None:
        path = f"xcoms/{task.dag_id}/{task.run_id}/{task.task_id}/return_value"
        await self._call("POST", path, "x" * task.xcom_bytes)
