"""The scripted worker as a process of its own: started with the file of its plan, its name, the API's URL and secret."""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from harness.live.marks import mark
from harness.model.options import values
from harness.model.plan import Plan, Submission
from harness.model.plan_file import read_plan
from harness.rng import Streams
from harness.tls.files import Files
from harness.workers.scripted import AIRFLOW_VERSION, EDGE_VERSION, MakeTry, ScriptedWorker
from harness.workers.scripted_task import ScriptedTask

#: The environment variable with the secret, so that it stands in no list of processes.
SECRET_VARIABLE = "AIRFLOW__API_AUTH__JWT_SECRET"  # noqa: S105 - a name
#: The environment variable with the versions of Airflow and of the edge provider that the worker says it is of.
VERSIONS_VARIABLE = "HARNESS_VERSIONS"


class LiveBody:
    """A task body that takes real time. `ends_at` is of the monotonic clock, in seconds."""

    def __init__(self, task: Submission, *, ti: str, try_number: int) -> None:
        self.done = False
        self.fails = try_number in task.failing_tries
        self.ends_at = time.monotonic() + task.lasting.total_seconds()
        self._about = {"task": task.key, "ti": ti, "try": try_number}
        mark("begin", slots=task.slots, **self._about)
        self._timer = asyncio.get_running_loop().call_at(self.ends_at, self._end)

    def _end(self) -> None:
        if not self.done:
            self.done = True
            mark("fail" if self.fails else "ok", **self._about)

    def kill(self, reason: str) -> None:
        """The body dies now; nothing if it has ended."""
        if not self.done:
            self.done = True
            self._timer.cancel()
            mark("killed", reason=reason, **self._about)


class LiveSite:
    """Implements `harness.ports.Site` in a process."""

    def __init__(self, name: str, url: str, plan: Plan) -> None:
        self.name, self.server_url = name, url
        self.random = Streams(plan.seed).named(f"worker/{name}")
        self.jwt_secret = os.environ[SECRET_VARIABLE]
        self._tasks = {(task.dag_id, task.task_id, task.run_id): task for task in plan.submissions}
        self._options = values(plan.options)
        self._files = Files.told_by(os.environ)
        self._pids = itertools.count(os.getpid())

    def option(self, name: str) -> float:
        return self._options[name]

    def tls_context(self) -> ssl.SSLContext | None:
        return self._files.context() if self._files else None

    def utcnow(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def new_pid(self) -> int:
        return next(self._pids)

    def task(self, dag_id: str, task_id: str, run_id: str) -> Submission:
        return self._tasks[dag_id, task_id, run_id]

    def begin(self, task: Submission, *, ti: str, try_number: int) -> LiveBody:
        return LiveBody(task, ti=ti, try_number=try_number)


def main(attempt: MakeTry = ScriptedTask) -> None:
    """Be the worker until killed; `attempt` makes what runs a fetched job."""
    path, name, url = sys.argv[1:]
    plan = read_plan(Path(path))
    planned = next(worker for worker in plan.workers if worker.name == name)
    airflow, _, edge = os.environ.get(VERSIONS_VARIABLE, f"{AIRFLOW_VERSION} {EDGE_VERSION}").partition(" ")
    worker = ScriptedWorker(planned, LiveSite(name, url, plan), attempt, versions=(airflow, edge))
    asyncio.run(worker.run())


if __name__ == "__main__":
    main()
