"""The plan's work as Dag runs of a released server, through its public REST API.

One Dag run holds all tasks of a dag_id, under the names that the plan gives them. Each task has a pool of its own,
without slots; submitting the task opens it. From then on all is the scheduler's doing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from harness.control_plane import CONTENT
from harness.errors import NotStarted
from harness.live.airflow_rest import AirflowRest
from harness.live.workload import dag_runs, pool_of
from harness.model.plan import Submission

#: Seconds in which the Dag runs have to begin, on a busy machine, and between two looks at it.
PATIENCE, LOOK = 180.0, 0.5


class DagRuns:
    """The Dag runs of a plan on one server. Raises BadPlan where a task is in two of them."""

    def __init__(self, rest: AirflowRest, submissions: tuple[Submission, ...]) -> None:
        self._rest, self._submissions = rest, submissions
        self.names = dag_runs(submissions)
        self._ids: dict[str, str] = {}

    async def begin(self, look: Callable[[], None] = lambda: None) -> None:
        """Trigger the runs and wait until the tasks wait for nothing but their pools.

        `look` is called meanwhile, to raise where waiting is in vain. Raises NotStarted.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._begin(look)
        except TimeoutError:
            raise NotStarted(
                f"the scheduler has not begun the Dag runs within {PATIENCE:.0f} s: does it run?"
            ) from None

    async def _begin(self, look: Callable[[], None]) -> None:
        await self._rest.put_content(CONTENT)
        await self._rest.put_pools([pool_of(task) for task in self._submissions], slots=0)
        for run in self.names:
            await self._rest.trigger(*run)
        while not _waiting(found := await self.instances()):
            look()
            await asyncio.sleep(LOOK)
        self._ids = {task_key(ti): ti["id"] for ti in found}

    async def instances(self) -> list[dict[str, Any]]:
        """Every task instance, as the REST API tells it."""
        return [ti for run in self.names for ti in await self._rest.task_instances(*run)]

    def submit(self, task: Submission) -> tuple[str, Awaitable[None]]:
        """The id of the task's instance, and what lets the scheduler queue it."""
        return self._ids[task.key], self._rest.open_pool(pool_of(task), slots=task.slots)


def _waiting(instances: list[dict[str, Any]]) -> bool:
    return all(ti["state"] == "scheduled" for ti in instances)


def task_key(row: dict[str, Any]) -> str:
    """`dag/task/run`, as `Submission.key`; the REST API says `dag_run_id`."""
    return f"{row['dag_id']}/{row['task_id']}/{row.get('run_id') or row['dag_run_id']}"
