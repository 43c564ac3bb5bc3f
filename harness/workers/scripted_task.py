"""One try of a task on the reference worker: run, heartbeats beside the body, then its results."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from harness.model.plan import Submission
from harness.ports import Body, Site
from harness.workers.client import ApiClient, Refused, Reply, Unreachable, persist

GIVE_UP_AFTER = 0.8
"""The part of [scheduler] task_instance_heartbeat_timeout after which a task without heartbeats is stopped."""


@dataclass
class ScriptedTask:
    """One try of a task: run, heartbeats beside the body, then its results."""

    site: Site
    job: dict[str, Any]
    client: ApiClient

    def __post_init__(self) -> None:
        command = self.job["command"]
        self.token: str = command["token"]
        self.ti: str = command["ti"]["id"]
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
        return await persist(lambda: self._attempt(method, path, body), random=self.site.random)

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
        interval = self.site.option("workers.min_heartbeat_interval")
        patience = GIVE_UP_AFTER * self.site.option("scheduler.task_instance_heartbeat_timeout")
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
            if self.site.monotonic() - last_heard > patience:
                body.kill("no heartbeat has come through for too long")
                return False
            left = body.ends_at - self.site.monotonic()
            wait = max(interval, reply.retry_after if reply else 0.0)
            await asyncio.sleep(max(0.0, min(wait, left)))
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
