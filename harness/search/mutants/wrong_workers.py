"""Wrong workers: the reference worker with one thing done wrong."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from harness.workers.client import ApiClient, Refused, Reply
from harness.workers.scripted import ScriptedWorker


class GivesUp(ScriptedWorker):
    """The first call that is not answered ends the worker."""

    async def _edge_call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return (await self._edge_attempt(options.get("client") or self._edge, method, path, body)).json()


class EndsWhenRefused(ScriptedWorker):
    """A registration that is refused ends the worker."""

    async def _register(self) -> None:
        with suppress(Refused):
            await self._edge_call("POST", f"worker/{self.planned.identity}", self._state("starting"))
            return
        self.open = False


class MiscountsSlots(ScriptedWorker):
    """Believes that all its slots are free."""

    @property
    def free_slots(self) -> int:
        return self.planned.slots


class CountsJobs(ScriptedWorker):
    """Takes each job for one slot's worth."""

    @property
    def free_slots(self) -> int:
        return self.planned.slots - len(self.running)


class NeverReports(ScriptedWorker):
    """Runs its tasks and tells the executor nothing of their end."""

    async def _edge_call(self, method: str, path: str, *args: Any, **options: Any) -> Any:
        if path.startswith("jobs/state/") and not path.endswith("/running"):
            await asyncio.sleep(0)
            return None
        return await super()._edge_call(method, path, *args, **options)


class StopsFetching(ScriptedWorker):
    """Takes no work any more after a minute, and goes on with its heartbeats."""

    async def _poll(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await super()._poll()
        await asyncio.Event().wait()


class TakesAnyQueue(ScriptedWorker):
    """Asks for jobs of all queues."""

    async def _fetch(self, client: ApiClient) -> Any:
        body = {"queues": None, "free_concurrency": self.free_slots, "supports_task_instance_uuid": True}
        with suppress(Refused):
            return await self._edge_call("POST", f"jobs/fetch/{self.planned.identity}", body, client=client)


class RunsJobsTwice(ScriptedWorker):
    """Runs each job that it is handed twice."""

    def _start(self, job: dict[str, Any]) -> None:
        super()._start(job)
        super()._start(job)


class KillsWhenDrained(ScriptedWorker):
    """SIGINT ends it at once, with all it runs."""

    async def run(self) -> None:
        self._drained = asyncio.Event()
        work = asyncio.ensure_future(super().run())
        await self._drained.wait()
        work.cancel()

    def drain(self) -> None:
        self._drained.set()


class IgnoresDrain(ScriptedWorker):
    """SIGINT means nothing to it."""

    def drain(self) -> None:
        """Go on."""


class StaysOn(ScriptedWorker):
    """Heeds no SIGTERM."""

    async def run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        await super().run()


class KnowsNoPatience(ScriptedWorker):
    """Comes again when it likes, whatever Retry-After says."""

    async def _edge_attempt(self, client: ApiClient, method: str, path: str, body: Any) -> Reply:
        reply = await super()._edge_attempt(client, method, path, body)
        return reply._replace(headers={})


class DoublesLogs(ScriptedWorker):
    """Pushes each piece of a log twice."""

    async def _push_chunk(self, client: ApiClient, key: str, at: datetime, text: str) -> None:
        await super()._push_chunk(client, key, at, text)
        await super()._push_chunk(client, key, at + timedelta(milliseconds=1), text)


class ReordersLogs(ScriptedWorker):
    """Pushes the later piece of a log under the earlier time."""

    def _log_time(self, key: str) -> datetime:
        earlier = self._logged.get(key, self.site.utcnow()) - timedelta(seconds=1)
        self._logged[key] = earlier
        return earlier
