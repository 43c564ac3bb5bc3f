"""The fake on the virtual loop, and a caller of it on another host: what takes time there takes none here."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from fake_api import Change, Scheduler, State, TaskSpec
from harness.control_plane import http_protocol
from harness.model.faults import Direction
from harness.ports import Heal
from harness.workers.client import ApiClient, Reply, Unreachable
from harness.workers.surroundings import quiet_logs
from harness.workers.tokens import edge_token
from tests.properties.stateful.model import RETRIES, RETRY_DELAY
from tests.simulation.lab import Lab

START = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 1.0
SYSINFO = {"airflow_version": "3.3.2", "edge_provider_version": "5.1.0", "concurrency": 8}


class Bench(Lab):
    """A lab with the fake on its server; sync calls step the loop until they are answered."""

    def __init__(self) -> None:
        super().__init__()
        ids = count(1)
        self.looked_at = 0.0
        """When the server last looked at its clock: the moment of the call before."""
        self.state = State(now=self._read_clock, new_id=lambda: UUID(int=next(ids)))
        self.changes: list[Change] = []
        self.state.subscribe(self.changes.append)
        self.scheduler = Scheduler(self.state)
        self.listen(http_protocol(self.state))
        self._client = ApiClient("http://server", timeout=PATIENCE)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return (self.utcnow() - START).total_seconds()

    def utcnow(self) -> datetime:
        return START + timedelta(microseconds=self.loop.now // 1_000)

    def _read_clock(self) -> datetime:
        self.looked_at = self.now
        return self.utcnow()

    def submit(self, name: str) -> None:
        task = TaskSpec(dag_id="dag", task_id=name, run_id="run", retries=RETRIES, retry_delay=RETRY_DELAY)
        self.state.submit(task)

    def sweep(self) -> None:
        self.scheduler.heartbeat_timeouts()
        self.scheduler.stuck_in_queued()
        self.scheduler.loop_once()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(asyncio.sleep(seconds))

    def edge(self, method: str, path: str, body: Any = None, *, lost: bool = False) -> Reply | None:
        """A worker's call; with `lost`, its reply never comes."""
        secret = self.state.settings.jwt_secret
        token = edge_token(path, secret=secret, now=self.utcnow(), lifetime=10)
        return self._call(method, f"/edge_worker/v1/{path}", token, body, lost=lost)

    def execution(self, method: str, path: str, token: str, body: Any, *, lost: bool = False) -> Reply | None:
        """A task's call; with `lost`, its reply never comes."""
        return self._call(method, f"/execution/{path}", f"Bearer {token}", body, lost=lost)

    async def _connected_and_cut(self) -> Heal:
        await self._client.request("GET", "/execution/health", token="", content=None)
        return self.cut(Direction.BACK)

    def _call(self, method: str, path: str, token: str, body: Any, *, lost: bool) -> Reply | None:
        content = None if body is None else json.dumps(body).encode()

        async def call() -> Reply | None:
            self._client.close()  # an idle connection may end just now
            heal = await self._connected_and_cut() if lost else None
            try:
                return await self._client.request(method, path, token=token, content=content)
            except Unreachable:
                return None
            finally:
                if heal:
                    heal()

        with quiet_logs():  # of the traceback behind a 500
            return self.run(call())
