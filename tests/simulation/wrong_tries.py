"""Scripted tries of a task, each with one thing done wrong that neither its server nor a fault can be blamed for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from harness.ports import Body
from harness.workers.client import Unreachable
from harness.workers.scripted import ScriptedWorker
from harness.workers.scripted_task import ScriptedTask


class WrongTry(ScriptedTask):
    """What the wrong ones share."""

    @property
    def task(self) -> Any:
        return self.site.task(self.job["dag_id"], self.job["task_id"], self.job["run_id"])

    @property
    def is_odd(self) -> bool:
        """Whether its task's number is: half of them go right."""
        return int(self.task.task_id.rpartition("-")[2]) % 2 == 1

    async def ask(self) -> None:
        await self._call("PATCH", f"task-instances/{self.ti}/run", self._who())

    def begin(self) -> Body:
        return self.site.begin(self.task, ti=self.ti, try_number=self.job["try_number"])

    async def live(self, body: Body) -> None:
        await asyncio.sleep(max(0.0, body.ends_at - self.site.monotonic()))

    async def succeed(self) -> bool:
        await self._report(self.task, failed=False, retry=False)
        return True


class NeverBegins(WrongTry):
    """Reports the success of a body that it never began."""

    async def run(self) -> bool:
        if not self.is_odd:
            return await super().run()
        await self.ask()
        return await self.succeed()


class KillsAndSucceeds(WrongTry):
    """Kills the body after two seconds and reports success."""

    async def _accompany(self, body: Body, task: Any) -> bool:
        if not self.is_odd:
            return await super()._accompany(body, task)
        await asyncio.sleep(2)
        body.kill("its worker felt like it")
        return True


class KillsAndFails(KillsAndSucceeds):
    """Kills the body after two seconds and reports that it failed."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        await super()._report(task, failed=failed or self.is_odd, retry=retry)


class HidesFailure(WrongTry):
    """Reports the success of a body that failed."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        await super()._report(task, failed=False, retry=retry)


class HidesSuccess(WrongTry):
    """Reports the failure of a body that ended well on its first try."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        await super()._report(task, failed=failed or self.job["try_number"] == 1, retry=retry)


class SucceedsEarly(WrongTry):
    """Reports success a second after the body began; it goes on."""

    async def run(self) -> bool:
        await self.ask()
        body = self.begin()
        await asyncio.sleep(1)
        await self.succeed()
        await self.live(body)
        return True


class RunsBeforeAsking(WrongTry):
    """Asks whether it may run when the body is over."""

    async def run(self) -> bool:
        await self.live(self.begin())
        await self.ask()
        return await self.succeed()


class RunsTwice(WrongTry):
    """Runs the body twice, one after the other."""

    async def run(self) -> bool:
        await self.ask()
        await self.live(self.begin())
        await self.live(self.begin())
        return await self.succeed()


class NeverBeats(WrongTry):
    """Sends no heartbeats while it runs, and does not care what became of it."""

    async def _accompany(self, body: Body, task: Any) -> bool:
        await self.live(body)
        return True


class HeedsNothing(WrongTry):
    """Heartbeats, and goes on whatever the answer is."""

    async def _accompany(self, body: Body, task: Any) -> bool:
        while not body.done:
            with suppress(Unreachable):
                await self._attempt("PUT", f"task-instances/{self.ti}/heartbeat", self._beat())
            await asyncio.sleep(5)
        return True


def worker(kind: type[ScriptedTask]) -> Any:
    """A reference worker whose tries are of that kind."""
    return partial(ScriptedWorker, attempt=kind)
