"""Wrong schedulers: sweeps that do one thing wrong, or do not do it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fake_api import Scheduler
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, task_instance_moved


def keeps_jobs(*_: Any, **__: Any) -> Outcome:
    """A job that nobody reports on stays running."""
    return Outcome()


def keeps_workers(*_: Any, **__: Any) -> Outcome:
    """A worker that is not heard of stays in the state it had."""
    return Outcome()


class StopsSweeping(Scheduler):
    """Does nothing any more after a minute."""

    async def run(self, sleep: Any = asyncio.sleep) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await super().run(sleep)
        await asyncio.Event().wait()


class EndsOnRetries(Scheduler):
    """Ends when there is something to be tried again."""

    async def run(self, sleep: Any = asyncio.sleep) -> None:
        with suppress(EOFError):
            await super().run(sleep)

    def requeue_retries(self) -> None:
        if next(iter(self.state.task_instances.in_states(TaskInstanceState.UP_FOR_RETRY)), None):
            raise EOFError


class ForgetsRetries(Scheduler):
    """Leaves alone what is to be tried again."""

    def requeue_retries(self) -> None:
        """Queue nothing."""


class IgnoresExecutor(Scheduler):
    """Does not listen to what the executor says of tasks."""

    def process_executor_events(self) -> None:
        self.executor.drain_events()


class _Silent(Scheduler):
    """What the wrong ones share: those that are silent for too long."""

    def silent(self) -> list[Any]:
        timeout = timedelta(seconds=self.state.settings.task_instance_heartbeat_timeout)
        oldest = self.state.now() - timeout
        running = self.state.task_instances.in_states(TaskInstanceState.RUNNING)
        return [ti for ti in running if ti.last_heartbeat_at and ti.last_heartbeat_at < oldest]

    def move(self, ti: Any, state: str) -> None:
        now = self.state.now()
        row = replace(ti, state=TaskInstanceState(state), end_date=now)
        changes = task_instance_moved(ti, row, at=now, cause="heartbeat timeout")
        self.state.apply(Outcome(rows=(row,), changes=changes))


class FailsSilentTasks(_Silent):
    """A task that is silent for too long has failed, however many tries it has left."""

    def heartbeat_timeouts(self) -> None:
        for ti in self.silent():
            self.move(ti, "failed")


class TrustsSilentTasks(_Silent):
    """A task that is silent for too long has succeeded."""

    def heartbeat_timeouts(self) -> None:
        for ti in self.silent():
            self.move(ti, "success")


class QueuesSilentTasks(_Silent):
    """A task that is silent for too long is queued again as it is, and its try goes on."""

    def heartbeat_timeouts(self) -> None:
        for ti in self.silent():
            self.move(ti, "queued")


class ReroutesQueued(Scheduler):
    """Takes jobs away from workers that have them in hand, and queues them again."""

    def loop_once(self) -> None:
        super().loop_once()
        now = self.state.now()
        for job in self.state.edge_jobs.in_states(TaskInstanceState.RUNNING):
            if job.last_update and now - job.last_update > timedelta(seconds=20):
                row = replace(job, state=TaskInstanceState.QUEUED, last_update=now)
                self.state.edge_jobs.put(row)


def fails_at_once(ti: Any, *, now: Any, **options: Any) -> Outcome:  # noqa: ARG001
    """What is stuck in queued fails, and is not queued again."""
    row = replace(ti, state=TaskInstanceState.FAILED, start_date=now, end_date=now)
    return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause="stuck in queued"))
