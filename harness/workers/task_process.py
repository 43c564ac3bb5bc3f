"""The process of one task on an edge worker: what Airflow's supervisor does, through the released SDK client.

The order of calls, the heartbeat rules and the exit codes are those of Task SDK 1.3,
`execution_time/supervisor.py`; the task's body is the world's. Synchronous, as the client is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from harness.model.plan import Submission
from harness.ports import Body, Site

MIN_HEARTBEAT_INTERVAL = 5.0  # [workers] min_heartbeat_interval, seconds
MAX_FAILED_HEARTBEATS = 3  # [workers] max_failed_heartbeats
KILL_STEP = 5.0  # seconds that each step of the kill escalation waits; hard-wired in Airflow
TOLD_TO_STOP = {404, 409, 410}
SIGTERM_EXIT, FAILED_EXIT = -15, 1


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What the executor hands to the process: which try of which task."""

    ti: UUID
    dag_id: str
    task_id: str
    run_id: str
    try_number: int
    map_index: int


@dataclass
class TaskProcess:
    """Runs one try. `client` is Airflow's API client; `sleep` blocks this process, in seconds."""

    workload: Workload
    client: Any
    site: Site
    pid: int
    sleep: Callable[[float], None]
    log: Callable[[str], None]
    failed_heartbeats: int = 0
    should_retry: bool = field(default=False, init=False)
    body: Body | None = field(default=None, init=False)

    def run(self) -> int:
        """Live the whole life of the try; the exit code of the process. Raises what `/run` raises."""
        workload, site = self.workload, self.site
        context = self.client.task_instances.start(workload.ti, self.pid, site.utcnow())
        self.should_retry = bool(context.should_retry)
        task = site.task(workload.dag_id, workload.task_id, workload.run_id)
        self.body = body = site.begin(task, ti=str(workload.ti), try_number=workload.try_number)
        self.log(f"try {workload.try_number} begins on {site.name}")
        told_to_stop = self._watch(body, task)
        if told_to_stop is not None:
            return self._stopped(told_to_stop)
        self.log(f"try {workload.try_number} ends")
        return self._failed() if body.fails else self._succeeded(task)

    def _watch(self, body: Body, task: Submission) -> bool | None:
        """Heartbeat while the body runs. None: it ended by itself; True: the server withdrew the task."""
        reads = task.reads
        while True:
            if (verdict := self._heartbeat()) is not None:
                return verdict
            if reads:
                self._read()
                reads = False
            left = body.ends_at - self.site.monotonic()
            self.sleep(max(0.0, min(MIN_HEARTBEAT_INTERVAL, left)))
            if body.done:
                return None

    def _heartbeat(self) -> bool | None:
        try:
            self.client.task_instances.heartbeat(self.workload.ti, self.pid)
        except httpx.HTTPStatusError as error:
            if error.response.status_code in TOLD_TO_STOP:
                return True
            return self._heartbeat_failed()
        except httpx.HTTPError:
            return self._heartbeat_failed()
        self.failed_heartbeats = 0
        return None

    def _heartbeat_failed(self) -> bool | None:
        self.failed_heartbeats += 1
        return False if self.failed_heartbeats >= MAX_FAILED_HEARTBEATS else None

    def _read(self) -> None:
        """What a task body asks the supervisor for; an error goes to the body, which goes on without."""
        for read, name in ((self.client.variables.get, "harness"), (self.client.connections.get, "harness")):
            try:
                read(name)
            except httpx.HTTPError:
                self.log(f"could not read {name}")

    def _stopped(self, withdrawn: bool) -> int:
        """The supervisor kills the body; it reports a state only if nobody else will (`finish`)."""
        assert self.body is not None
        if not self.body.done:
            self.sleep(KILL_STEP)  # SIGTERM, then SIGKILL
        self.body.kill("the server withdrew the task" if withdrawn else "too many failed heartbeats")
        if not withdrawn and not self.should_retry:
            self._finish_failed()
        return SIGTERM_EXIT

    def _finish_failed(self) -> None:
        now = self.site.utcnow()
        self.client.task_instances.finish(self.workload.ti, "failed", now, None)

    def _succeeded(self, task: Submission) -> int:
        workload, now = self.workload, self.site.utcnow()
        try:
            if task.xcom_bytes:
                self._push_xcom(task.xcom_bytes)
        except httpx.HTTPError:
            return self._failed()  # pushing the return value failed: the task runner fails the task
        self._report(
            lambda: self.client.task_instances.succeed(
                workload.ti, now, task_outlets=[], outlet_events=[], rendered_map_index=None
            )
        )
        return 0

    def _push_xcom(self, size: int) -> None:
        workload = self.workload
        self.client.xcoms.set(workload.dag_id, workload.run_id, workload.task_id, "return_value", "x" * size)

    def _failed(self) -> int:
        if not self.should_retry:
            self._finish_failed()
            return 0  # the task failed, its supervisor did not
        now = self.site.utcnow()
        reported = self._report(
            lambda: self.client.task_instances.retry(self.workload.ti, now, rendered_map_index=None)
        )
        return 0 if reported else FAILED_EXIT

    def _report(self, report: Callable[[], None]) -> bool:
        """Send the final state; when that fails, once more at the end of the process, and that is all."""
        for _ in range(2):
            try:
                report()
            except httpx.HTTPError as error:
                self.log(f"could not report the final state: {error}")
            else:
                return True
        return False
