"""The released supervisor of the Task SDK, unmodified: how to run it on one workload, and what its child says to it.

`ActivitySubprocess` forks, watches, heartbeats and kills its child, and reports how that ended. The child, Airflow's
`execution_time/task_runner.py`, is ours: it sends the same messages in the same order, around a body of the world.
"""

from __future__ import annotations

import asyncio
import itertools
import json
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
FIRST_WORDS, DONE, LAST_WORDS = "::group::Pre Execute", "Done. Returned value was: None", "::endgroup::"
"""What it logs: as it starts, when a @task function has ended well, after its outcome."""


def read_workload(command: Mapping[str, Any]) -> Any:
    """The ExecuteTask that a fetched job carries."""
    from airflow.executors.workloads import ExecuteTask

    return ExecuteTask.model_validate(command)


def supervise(
    workload: Any,
    *,
    server: str,
    transport: httpx.BaseTransport,
    selector: BaseSelector,
    log: Callable[[str], None],
) -> int:
    """Run the supervisor on an ExecuteTask to its end; the exit code of its child. Raises what the supervisor raises.

    This is what `supervise_task` does between its set-up and its tear-down. `log` takes each line of the task's log.
    """
    from airflow.sdk.api.client import Client
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    with Client(base_url=server, token=workload.token, transport=transport) as client:
        child = ActivitySubprocess.start(
            what=workload.ti,
            dag_rel_path=workload.dag_rel_path,
            bundle_info=workload.bundle_info,
            client=client,
            logger=_logger(log),
            selector=selector,
        )
        return int(child.wait())


def _logger(log: Callable[[str], None]) -> Any:
    import structlog

    def tell(_logger: Any, _method: str, event: Mapping[str, Any]) -> NoReturn:
        log(str(event["event"]))
        raise structlog.DropEvent

    every_level = structlog.make_filtering_bound_logger(0)
    return structlog.wrap_logger(structlog.PrintLogger(), processors=[tell], wrapper_class=every_level)


class RequestFailed(HarnessError):
    """The supervisor could not do what its child asked for."""


@dataclass
class TaskRunner:
    """The child: `send` and `read` (so many bytes) are its end of the socket to the supervisor, `log` is for its logs.

    Source: `airflow/sdk/execution_time/task_runner.py`, `main` and `run`, and `comms.py`.
    """

    workload: Any
    site: Site
    send: Callable[[bytes | bytearray], None]
    read: Callable[[int], Awaitable[bytes]]
    log: Callable[[bytes], None]
    body: Body | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._ids = itertools.count()

    async def run(self) -> int:
        """Live the whole life; the exit code. Raises EOFError and BrokenPipeError where the supervisor is gone."""
        self._say(FIRST_WORDS)  # the supervisor wakes, and sends the first heartbeat
        details = await self._response()
        await asyncio.sleep(STARTING)
        try:
            succeeded = await self._work()
        except RequestFailed:
            succeeded = False
        if succeeded:
            self._say(DONE)
        try:
            await self._ask(_outcome(succeeded, retry=details["ti_context"]["should_retry"], site=self.site))
        except RequestFailed:
            return 0 if succeeded else 1  # so that the supervisor does not take a failure for a success
        self._say(LAST_WORDS)
        return 0

    def _say(self, line: str) -> None:
        self.log(json.dumps({"level": "info", "event": line}).encode() + b"\n")

    async def _work(self) -> bool:
        """The task; whether it succeeded."""
        from airflow.sdk.execution_time import comms

        site, ti = self.site, self.workload.ti
        task = site.task(ti.dag_id, ti.task_id, ti.run_id)
        # every @task function has these two template fields
        await self._ask(comms.SetRenderedFields(rendered_fields={"op_args": "()", "op_kwargs": {}}))
        self.body = body = site.begin(task, ti=str(ti.id), try_number=ti.try_number)
        if task.reads:
            await self._read_content()
        while not body.done:  # noqa: ASYNC110 - the body tells when it will end, and nobody when it has
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

    return SetXCom(
        key="return_value",
        value="x" * task.xcom_bytes,
        dag_id=task.dag_id,
        run_id=task.run_id,
        task_id=task.task_id,
        map_index=-1,
    )


def _outcome(succeeded: bool, *, retry: bool, site: Site) -> Any:
    """What the task runner says last."""
    from airflow.sdk.api.datamodels._generated import TaskInstanceState
    from airflow.sdk.execution_time.comms import RetryTask, SucceedTask, TaskState

    now = site.utcnow()
    if succeeded:
        return SucceedTask(end_date=now, task_outlets=[], outlet_events=[])
    return RetryTask(end_date=now) if retry else TaskState(state=TaskInstanceState.FAILED, end_date=now)
