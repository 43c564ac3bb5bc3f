"""The released supervisor of the Task SDK, unmodified: how to run it on one workload, and what its child says to it.

`ActivitySubprocess` forks, watches, heartbeats and kills its child, and reports how that ended. The child, Airflow's
`execution_time/task_runner.py`, is ours: it sends the same messages in the same order, around a body of the world.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from selectors import BaseSelector
from typing import Any, NoReturn

import httpx

from harness.errors import HarnessError
from harness.model.plan import Submission
from harness.ports import Body, Site

LENGTH = 4  # bytes before each message, big-endian: how many follow
STARTING = 0.3
"""Seconds from the fork to the task: a small DAG file is parsed meanwhile. A busy machine takes several."""
FIRST_WORDS = b'{"level": "info", "event": "::group::Pre Execute"}\n'


def supervise(
    command: Mapping[str, Any], *, server: str, transport: httpx.BaseTransport, selector: BaseSelector
) -> int:
    """Run the supervisor on a workload to its end; the exit code of `airflow.sdk.execution_time.execute_workload`.

    That does what `supervise_task` does between its set-up and its tear-down. It makes nothing of the child's exit
    code: only what the supervisor raises, a refused `/run` for one, is told to whoever started it.
    """
    from airflow.executors.workloads import ExecuteTask
    from airflow.sdk.api.client import Client
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    workload: Any = ExecuteTask.model_validate(command)
    with Client(base_url=server, token=workload.token, transport=transport) as client:
        try:
            ActivitySubprocess.start(
                what=workload.ti,
                dag_rel_path=workload.dag_rel_path,
                bundle_info=workload.bundle_info,
                client=client,
                logger=_silent_logger(),
                selector=selector,
            ).wait()
        except Exception:  # noqa: BLE001 - ends the released process with a traceback
            return 1
    return 0


def _silent_logger() -> Any:
    """A logger for what a task writes, which here is nothing that the History does not have."""
    import structlog

    def drop(*_: Any) -> NoReturn:
        raise structlog.DropEvent

    return structlog.wrap_logger(structlog.PrintLogger(), processors=[drop])


class RequestFailed(HarnessError):
    """The supervisor could not do what its child asked for."""


@dataclass
class TaskRunner:
    """The child: `send` and `read` (so many bytes) are its end of the socket to the supervisor, `log` is for its logs.

    Source: `airflow/sdk/execution_time/task_runner.py`, `main` and `run`, and `comms.py`.
    """

    command: Mapping[str, Any]
    site: Site
    send: Callable[[bytes | bytearray], None]
    read: Callable[[int], Awaitable[bytes]]
    log: Callable[[bytes], None]
    body: Body | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._ids = itertools.count()

    async def run(self) -> int:
        """Live the whole life; the exit code. Raises EOFError and BrokenPipeError where the supervisor is gone."""
        self.log(FIRST_WORDS)  # the supervisor wakes, and sends the first heartbeat
        details = await self._response()
        await asyncio.sleep(STARTING)
        try:
            succeeded = await self._work()
        except RequestFailed:
            succeeded = False
        try:
            await self._ask(_outcome(succeeded, retry=details["ti_context"]["should_retry"], site=self.site))
        except RequestFailed:
            return 0 if succeeded else 1  # so that the supervisor does not take a failure for a success
        return 0

    async def _work(self) -> bool:
        """The task; whether it succeeded."""
        from airflow.sdk.execution_time import comms

        site, ti = self.site, self.command["ti"]
        task = site.task(ti["dag_id"], ti["task_id"], ti["run_id"])
        # every @task function has these two template fields
        await self._ask(comms.SetRenderedFields(rendered_fields={"op_args": "()", "op_kwargs": {}}))
        self.body = body = site.begin(task, ti=ti["id"], try_number=ti["try_number"])
        if task.reads:
            await self._read_content()
        while not body.done:
            await asyncio.sleep(max(0.0, body.ends_at - site.monotonic()))
        if not body.fails and task.xcom_bytes:
            await self._ask(_return_value(task))
        return not body.fails

    async def _read_content(self) -> None:
        from airflow.sdk.execution_time import comms

        for request in (comms.GetVariable(key="harness"), comms.GetConnection(conn_id="harness")):
            try:
                await self._ask(request)
            except RequestFailed:
                continue  # the body does without

    async def _ask(self, message: Any) -> Any:
        """Send a request; the answer's body. Raises RequestFailed."""
        from airflow.sdk.execution_time.comms import _RequestFrame

        self.send(_RequestFrame(id=next(self._ids), body=message.model_dump()).as_bytes())
        return await self._response()

    async def _response(self) -> Any:
        import msgspec
        from airflow.sdk.execution_time.comms import _ResponseFrame

        length = int.from_bytes(await self.read(LENGTH), "big")
        frame = msgspec.msgpack.decode(await self.read(length), type=_ResponseFrame)
        if frame.error is not None:
            raise RequestFailed(str(frame.error))
        return frame.body


def _return_value(task: Submission) -> Any:
    from airflow.sdk.execution_time.comms import SetXCom

    ids = {"dag_id": task.dag_id, "run_id": task.run_id, "task_id": task.task_id}
    return SetXCom(key="return_value", value="x" * task.xcom_bytes, map_index=-1, **ids)


def _outcome(succeeded: bool, *, retry: bool, site: Site) -> Any:  # noqa: FBT001
    """What the task runner says last."""
    from airflow.sdk.execution_time.comms import RetryTask, SucceedTask, TaskState

    now = site.utcnow()
    if succeeded:
        return SucceedTask(end_date=now, task_outlets=[], outlet_events=[])
    return RetryTask(end_date=now) if retry else TaskState(state="failed", end_date=now)
