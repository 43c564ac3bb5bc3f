"""Wrong servers: transitions, states and restarts, each with one thing done wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fake_api import RULES, Change, State
from fake_api.auth import AuthError
from fake_api.outcome import NO_CONTENT, NULL, Outcome, Reply, task_instance_moved
from fake_api.rows import EdgeJob, JobKey
from fake_api.tables import EdgeJobs, TaskInstances
from harness.ports import Heal, Strike
from harness.sim.server import SimServerPort

# -- wrong transitions -------------------------------------------------------------------------------------


def hands_out_twice(*args: Any, **options: Any) -> Outcome:
    """The job stays queued: the next worker that asks gets it as well."""
    return replace(RULES.fetch_job(*args, **options), rows=())


def hands_out_too_much(*args: Any, **options: Any) -> Outcome:
    """However many slots a worker has free, any job fits."""
    return RULES.fetch_job(*args, **{**options, "free_concurrency": 1_000})


def never_has_work(*_: Any, **__: Any) -> Outcome:
    """There is never a job for anybody."""
    return Outcome(reply=Reply(200, None))


def registers_anybody(worker: Any, **options: Any) -> Outcome:
    """A worker may have the name of one that lives."""
    return RULES.register_worker(worker and replace(worker, state="offline"), **options)


def ignores_job_reports(*_: Any, **__: Any) -> Outcome:
    """What workers say of their jobs is acknowledged and forgotten."""
    return Outcome(reply=NULL)


def runs_anything(ti: Any, **options: Any) -> Outcome:
    """Any process may run a task instance that another process runs."""
    return RULES.run(ti if ti is None else replace(ti, state="queued"), **options)


def runs_unseen(*args: Any, **options: Any) -> Outcome:
    """A task is set to running, and nobody is told."""
    return replace(RULES.run(*args, **options), changes=())


def welcomes_any_heartbeat(*args: Any, **options: Any) -> Outcome:
    """Heartbeats are answered well, whoever has the task by now."""
    outcome = RULES.heartbeat(*args, **options)
    return outcome if outcome.reply.status < 400 else Outcome(reply=NO_CONTENT)


def knows_no_earlier_try(ti: Any, *, archived: bool, **options: Any) -> Outcome:  # noqa: ARG001
    """Who heartbeats for a try that was withdrawn hears that there never was such a try."""
    return RULES.heartbeat(ti, archived=False, **options)


def hears_no_heartbeat(*args: Any, **options: Any) -> Outcome:
    """Heartbeats are answered as they should be, and not written down."""
    return replace(RULES.heartbeat(*args, **options), rows=())


def forgets_success(ti: Any, *, payload: Mapping[str, Any], **options: Any) -> Outcome:
    """Success is acknowledged and not stored."""
    if payload["state"] == "success":
        return Outcome(reply=NO_CONTENT)
    return RULES.update_state(ti, payload=payload, **options)


def undoes_success(ti: Any, *, payload: Mapping[str, Any], now: Any, **options: Any) -> Outcome:
    """A success makes the task queued again."""
    if ti is not None and payload["state"] == "success":
        row = replace(ti, state="queued")
        return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause="PATCH state"))
    return RULES.update_state(ti, payload=payload, now=now, **options)


def takes_retry_for_success(ti: Any, *, payload: Mapping[str, Any], **options: Any) -> Outcome:
    """A task that asks for a retry has succeeded."""
    if payload["state"] == "up_for_retry":
        payload = {**payload, "state": "success", "task_outlets": [], "outlet_events": []}
    return RULES.update_state(ti, payload=payload, **options)


def takes_retry_for_failure(ti: Any, *, payload: Mapping[str, Any], **options: Any) -> Outcome:
    """A task that asks for a retry has failed."""
    state = "failed" if payload["state"] == "up_for_retry" else payload["state"]
    return RULES.update_state(ti, payload={**payload, "state": state}, **options)


def takes_failure_for_retry(ti: Any, *, payload: Mapping[str, Any], **options: Any) -> Outcome:
    """A task that has failed for good is tried again."""
    state = "up_for_retry" if payload["state"] == "failed" else payload["state"]
    return RULES.update_state(ti, payload={**payload, "state": state}, **options)


def counts_no_retry(ti: Any, **options: Any) -> Outcome:
    """A retry is queued under the number of the try before."""
    again = ti.try_number > 0 and ti.state == "up_for_retry"
    return RULES.queue_task(replace(ti, try_number=ti.try_number - 1) if again else ti, **options)


# -- who may call ------------------------------------------------------------------------------------------


def takes_expired_task_tokens(tokens: Any, *, now: datetime, **options: Any) -> Any:
    """Tokens of tasks are good for an hour longer than they say."""
    for late in range(59):
        with suppress(AuthError):
            return RULES.authorize_execution(tokens, now=now - timedelta(minutes=late), **options)
    return RULES.authorize_execution(tokens, now=now, **options)


def takes_expired_worker_tokens(tokens: Any, *, now: datetime, **options: Any) -> None:
    """Tokens of workers are good for an hour longer than they say."""
    for late in range(0, 3600, 15):
        with suppress(AuthError):
            return RULES.authorize_edge(tokens, now=now - timedelta(seconds=late), **options)
    return RULES.authorize_edge(tokens, now=now, **options)


def takes_any_tasks_token(tokens: Any, **options: Any) -> Any:
    """Whose a token is does not matter."""
    return RULES.authorize_execution(tokens, **{**options, "subject": None})


# -- wrong states ------------------------------------------------------------------------------------------


class _OneQueue(EdgeJobs):
    def queued(self, queues: Any) -> Iterator[EdgeJob]:
        return super().queued(None)


class MixesQueues(State):
    """Jobs are handed out whatever their queue is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.edge_jobs = _OneQueue()


class _OneTry(TaskInstances):
    def get(self, ti_id: Any) -> Any:
        earlier = self.history.get(ti_id)
        return super().get(ti_id) if earlier is None else self.find(earlier.task.primary)


class MixesTries(State):
    """Who speaks for an earlier try of a task speaks for the current one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.task_instances = _OneTry()


class LosesLogs(State):
    """Each second piece of a log is acknowledged and not stored."""

    _pushed = 0

    def keep_log(self, key: JobKey, *, at: datetime, text: str) -> None:
        self._pushed += 1
        if self._pushed % 2:
            super().keep_log(key, at=at, text=text)


class DoublesLogs(State):
    """Each piece of a log is stored a second time, a little later."""

    def keep_log(self, key: JobKey, *, at: datetime, text: str) -> None:
        super().keep_log(key, at=at, text=text)
        super().keep_log(key, at=at + timedelta(milliseconds=1), text=text)


class ReordersLogs(State):
    """Each piece of a log is stored as if it came before all others."""

    def keep_log(self, key: JobKey, *, at: datetime, text: str) -> None:
        first = min(self.edge_logs.get(key, {at: ""}))
        super().keep_log(key, at=first - timedelta(seconds=1), text=text)


class LosesResults(State):
    """XComs are acknowledged and not stored."""

    def tell(self, change: Change) -> None:
        if change.table == "xcom":
            self.xcoms.rows.clear()
        else:
            super().tell(change)


# -- wrong restarts ----------------------------------------------------------------------------------------


class ForgetsJobs(SimServerPort):
    """A new API process begins without edge jobs."""

    def boot(self) -> None:
        self.state.edge_jobs = EdgeJobs()
        super().boot()


class ForgetsWorkers(SimServerPort):
    """A new API process begins without edge workers."""

    def boot(self) -> None:
        self.state.edge_workers = {}
        super().boot()


class ForgetsTasks(SimServerPort):
    """A new API process begins without task instances."""

    def boot(self) -> None:
        self.state.task_instances = TaskInstances()
        super().boot()


class RestartsNothing(SimServerPort):
    """A restart that was ordered does not happen."""

    def restart(self, target: str, strike: Strike) -> Heal:
        return lambda: None
