"""The process of one task on an edge worker: what Airflow's supervisor does, through the released SDK client.

The order of calls, the heartbeat rules and the exit codes are those of Task SDK 1.3,
`execution_time/supervisor.py`; the task's body is the world's. Synchronous, as the client is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any
from uuid import UUID

import httpx

from harness.model.plan import Submission
from harness.ports import Body, Site

KILL_STEP = 5.0  # seconds that each step of the kill escalation waits; hard-wired in Airflow
TOLD_TO_STOP = {404, 409, 410}
SIGKILL_EXIT = -9 & 0xFF  # as the process passes it on
FAILED_EXIT = 1


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
    """Runs one try. `client` is Airflow's API client and `server_error` what it raises for the server's own
    errors; `sleep` blocks this process, in seconds.
    """

    workload: Workload
    client: Any
    site: Site
    pid: int
    sleep: Callable[[float], None]
    log: Callable[[str], None]
    server_error: type[httpx.HTTPStatusError]
    failed_heartbeats: int = field(default=0, init=False)
    last_heartbeat: float = field(default=-inf, init=False)  # when one was last tried
    should_retry: bool = field(default=False, init=False)
    withdrawn: bool = field(default=False, init=False)  # the server said that the task should not run
    body: Body | None = field(default=None, init=False)

    def run(self) -> int:
        """Live the whole life of the try; the exit code of the process. Raises what `/run` raises."""
        workload, site = self.workload, self.site
        context = self.client.task_instances.start(workload.ti, self.pid, site.utcnow())
        self.should_retry = bool(context.should_retry)
        task = site.task(workload.dag_id, workload.task_id, workload.run_id)
        self.body = body = site.begin(task, ti=str(workload.ti), try_number=workload.try_number)
        self.log(f"try {workload.try_number} begins on {site.name}")
        return self._ended(body, task) if self._watch(body, task) else self._stopped(body, task)

    def _watch(self, body: Body, task: Submission) -> bool:
        """Heartbeat and serve the body while it runs. True: it ended by itself; False: it has to be stopped."""
        reads = [self.client.variables.get, self.client.connections.get] if task.reads else []
        while True:
            self._heartbeat_if_due()
            if self._must_stop:
                return False
            if reads:
                self._read(reads.pop(0))
                continue
            left = body.ends_at - self.site.monotonic()
            self.sleep(max(0.0, min(self._heartbeat_interval, left)))
            if body.done:
                return True

    @property
    def _heartbeat_interval(self) -> float:
        return self.site.option("workers.min_heartbeat_interval")

    @property
    def _must_stop(self) -> bool:
        return self.withdrawn or self.failed_heartbeats >= self.site.option("workers.max_failed_heartbeats")

    def _heartbeat_if_due(self) -> None:
        """What the supervisor does whenever it has served its child, as long as that lives."""
        if self._must_stop or self.site.monotonic() - self.last_heartbeat < self._heartbeat_interval:
            return
        self.last_heartbeat = self.site.monotonic()
        try:
            self.client.task_instances.heartbeat(self.workload.ti, self.pid)
        except httpx.HTTPError as error:
            # only the API server itself can withdraw a task, not a proxy's 404
            self.withdrawn = (
                isinstance(error, self.server_error) and error.response.status_code in TOLD_TO_STOP
            )
            self.failed_heartbeats += 1
        else:
            self.failed_heartbeats = 0

    def _read(self, read: Callable[[str], Any]) -> None:
        """What a task body asks the supervisor for; an error goes to the body, which goes on without."""
        try:
            read("harness")
        except httpx.HTTPError as error:
            self.log(f"could not read: {error}")

    def _stopped(self, body: Body, task: Submission) -> int:
        """The supervisor kills the body; it reports a state only if nobody else will (`finish`)."""
        if not body.done:
            self.sleep(KILL_STEP)  # SIGTERM calls the operator's on_kill, and the body goes on
        if body.done:
            return self._ended(body, task)
        body.kill("the server withdrew the task" if self.withdrawn else "too many failed heartbeats")
        if not self.should_retry:
            self._finish_failed()
        return SIGKILL_EXIT

    def _ended(self, body: Body, task: Submission) -> int:
        """The body ended by itself: the task runner says how."""
        self.log(f"try {self.workload.try_number} ends")
        return self._failed() if body.fails else self._succeeded(task)

    def _succeeded(self, task: Submission) -> int:
        try:
            if task.xcom_bytes:
                self._push_xcom(task.xcom_bytes)
        except httpx.HTTPError as error:
            self.log(f"could not push the return value: {error}")
            self._heartbeat_if_due()
            return self._failed()  # the task runner fails the task
        now = self.site.utcnow()
        self._report(
            lambda: self.client.task_instances.succeed(
                self.workload.ti, now, task_outlets=[], outlet_events=[], rendered_map_index=None
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

    def _finish_failed(self) -> None:
        if not self.withdrawn:
            now = self.site.utcnow()
            self.client.task_instances.finish(self.workload.ti, "failed", now, None)

    def _report(self, report: Callable[[], None]) -> bool:
        """Send the final state; when that fails, once more at the end of the process, and that is all.

        Whether the first time was enough: the task runner hears of no other, and exits accordingly.
        """
        if self._reported(report):
            return True
        self._heartbeat_if_due()  # the task runner is still alive at that moment
        self._reported(report)
        return False

    def _reported(self, report: Callable[[], None]) -> bool:
        try:
            report()
        except httpx.HTTPError as error:
            self.log(f"could not report the final state: {error}")
            return False
        return True
