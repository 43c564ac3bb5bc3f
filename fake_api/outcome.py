"""What a transition returns: the reply to send, the rows to store, the changes to tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.content import ContentRow
from fake_api.rows import EdgeJob, EdgeWorker, JobKey, TaskInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One applied change, told to listeners once and in order.

    `table` is "task_instance", "edge_job", "edge_worker", "xcom" or "log". `key` is the task instance id,
    "dag/task/run/try/map", the worker's name, or for XCom "dag/task/run/map/key". `old` and `new` are states,
    None where there is no row; for XCom "set", for a log the name of the event. `cause` says who did it,
    as "PATCH run" or "heartbeat timeout". `detail` has dag_id, task_id, run_id, map_index, try_number and,
    where known, hostname, pid, worker, queue; new_id when a retry gave the task instance another id.
    """

    at: datetime
    table: str
    key: str
    old: str | None
    new: str | None
    cause: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class Empty:
    """The body of a reply that has none, which is not the same as JSON null."""


EMPTY = Empty()


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and JSON-able body. `headers` are added to the ones every reply has."""

    status: int
    body: Any = EMPTY
    headers: tuple[tuple[bytes, bytes], ...] = ()


NO_CONTENT = Reply(204)
NULL = Reply(200, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`archived` leaves the live table for the history; `deleted` edge jobs and edge workers just leave."""

    reply: Reply = NO_CONTENT
    rows: tuple[TaskInstance | EdgeJob | EdgeWorker | ContentRow, ...] = ()
    archived: TaskInstance | None = None
    deleted: tuple[JobKey | str, ...] = ()
    changes: tuple[Change, ...] = ()


def refuse(status: int, **detail: Any) -> Outcome:
    """An error reply that changes nothing, with Airflow's structured `detail`."""
    return Outcome(reply=Reply(status, {"detail": detail}))


def task_instance_moved(
    old: TaskInstance | None, new: TaskInstance, *, at: datetime, cause: str
) -> tuple[Change, ...]:
    """The change to tell about a new task instance row; none when the state stayed."""
    if old is not None and old.state == new.state:
        return ()
    known = old or new
    detail = job_detail(new.key) | {"hostname": new.hostname, "pid": new.pid}
    if old is not None and old.id != new.id:
        detail |= {"new_id": str(new.id)}
    return (_moved("task_instance", key=known.id, old=old, new=new, at=at, cause=cause, detail=detail),)


def edge_job_moved(
    old: EdgeJob | None, new: EdgeJob | None, *, at: datetime, cause: str
) -> tuple[Change, ...]:
    """The change to tell about an edge job that came, moved or went; none when the state stayed."""
    known = new or old
    if known is None or (old and new and old.state == new.state):
        return ()
    detail = job_detail(known.key) | {"worker": known.edge_worker, "queue": known.queue}
    return (_moved("edge_job", key=known.key, old=old, new=new, at=at, cause=cause, detail=detail),)


def edge_worker_moved(
    old: EdgeWorker | None, new: EdgeWorker | None, *, at: datetime, cause: str
) -> tuple[Change, ...]:
    """The change to tell about an edge worker that came, moved or went; none when the state stayed."""
    known = new or old
    if known is None or (old and new and old.state == new.state):
        return ()
    name = known.worker_name
    detail = {"worker": name, "jobs_active": known.jobs_active}
    return (_moved("edge_worker", key=name, old=old, new=new, at=at, cause=cause, detail=detail),)


def job_detail(key: JobKey) -> dict[str, Any]:
    """The part of `Change.detail` that names a try."""
    return key._asdict()


def _moved(
    table: str,
    *,
    key: UUID | JobKey | str,
    old: TaskInstance | EdgeJob | EdgeWorker | None,
    new: TaskInstance | EdgeJob | EdgeWorker | None,
    at: datetime,
    cause: str,
    detail: Mapping[str, Any],
) -> Change:
    before = None if old is None or old.state is None else str(old.state)
    after = None if new is None or new.state is None else str(new.state)
    return Change(at=at, table=table, key=str(key), old=before, new=after, cause=cause, detail=detail)
