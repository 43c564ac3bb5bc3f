"""Scripted tries of a task, each with one thing done wrong that neither its server nor a fault can be blamed for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from harness.ports import Body
from harness.workers.client import Refused, Reply, Unreachable
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


class KnowsFirstTokenOnly(WrongTry):
    """Ignores the tokens that replace the one it got when it began."""

    async def _attempt(self, method: str, path: str, body: Any = None) -> Reply:
        before = self.token
        reply = await super()._attempt(method, path, body)
        if not path.endswith("/run"):
            self.token = before
        return reply


class KnowsWorkloadTokenOnly(WrongTry):
    """Ignores even the token that it gets for its workload's."""

    async def _attempt(self, method: str, path: str, body: Any = None) -> Reply:
        before = self.token
        reply = await super()._attempt(method, path, body)
        self.token = before
        return reply


class RunsWhenRefused(WrongTry):
    """Runs the body although it may not."""

    async def run(self) -> bool:
        with suppress(Refused):
            await self.ask()
        await self.live(self.begin())
        with suppress(Refused):
            return await self.succeed()
        return False


class SaysNothing(WrongTry):
    """Ends without a word of how."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        await asyncio.sleep(0)


class NeverRetries(WrongTry):
    """What fails has failed for good."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        await super()._report(task, failed=failed, retry=False)


class KeepsResults(WrongTry):
    """Succeeds without having stored its result."""

    async def _push_xcom(self, task: Any) -> None:
        await asyncio.sleep(0)


class BeatsForAnother(WrongTry):
    """Heartbeats with another process's id."""

    def _beat(self) -> dict[str, Any]:
        return {**super()._beat(), "pid": self.pid + 1}


class TriesOnce(WrongTry):
    """The first call of a try that is not answered ends it."""

    async def run(self) -> bool:
        with suppress(Unreachable):
            return await super().run()
        return False

    async def _call(self, method: str, path: str, body: Any = None) -> Reply:
        return await self._attempt(method, path, body)


class LosesHeart(WrongTry):
    """Kills the body a minute after it began, as if nobody had been heard of."""

    async def _accompany(self, body: Body, task: Any) -> bool:
        asyncio.get_running_loop().call_later(60, body.kill, "nothing was heard")
        return await super()._accompany(body, task)


class NeverAsks(WrongTry):
    """Tells the executor of a success, and has not so much as asked whether it may begin."""

    async def run(self) -> bool:
        await asyncio.sleep(0)
        return True


class TellsNoFailure(WrongTry):
    """Says nothing of a body that did not end well."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        if not failed:
            await super()._report(task, failed=failed, retry=retry)


class AsksWithAnothersToken(WrongTry):
    """Does all as it should, and tries once whether the token of the task before it opens its own: it must not."""

    lent: ClassVar[dict[str, str]] = {}

    async def _accompany(self, body: Body, task: Any) -> bool:
        name, own = self.site.name, self.token
        self.token = self.lent.get(name, own)
        if self.token != own:
            with suppress(Unreachable):
                await self._attempt("PUT", f"task-instances/{self.ti}/heartbeat", self._beat())
        self.token = self.lent[name] = own
        return await super()._accompany(body, task)


def worker(kind: type[ScriptedTask]) -> Any:
    """A reference worker whose tries are of that kind."""
    return partial(ScriptedWorker, attempt=kind)
