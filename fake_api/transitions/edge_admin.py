"""What an administrator does to an edge worker: maintenance, shutdown, removal, queues, concurrency.

The worker hears of it in the answer to its next heartbeat. Airflow: providers/edge3/models/edge_worker.py, as
called by worker_api/routes/ui.py and, with other texts, by the commands of `airflow edge`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fake_api.names import EdgeWorkerState as Worker
from fake_api.outcome import NULL, Outcome, Reply, edge_worker_moved
from fake_api.rows import EdgeWorker
from fake_api.transitions.edge_workers import COMMENTED, GONE, with_queues, without_queues

NO_COMMENT = Outcome(reply=Reply(400, {"detail": "Maintenance comment is required"}))


def request_maintenance(worker: EdgeWorker, *, comment: str, user: str, now: datetime) -> Outcome:
    """POST maintenance: from whatever state, a worker that has left included. 400 for an empty comment.

    The name of a worker that had left is taken again until the scheduler finds it silent. The time in the
    comment is the server's local one; this server is at home in UTC.
    """
    if not comment:
        return NO_COMMENT
    text = f"[{_minute(now)}] - {user} put node into maintenance mode\nComment: {comment}"
    row = replace(worker, state=Worker.MAINTENANCE_REQUEST, maintenance_comment=text)
    return _changed(worker, row, now=now, cause="POST maintenance")


def change_maintenance_comment(worker: EdgeWorker, *, comment: str, user: str, now: datetime) -> Outcome:
    """PATCH maintenance: the first line stays, what followed it is replaced. 400 outside of maintenance."""
    if not comment:
        return NO_COMMENT
    if worker.state not in COMMENTED:
        return _refused(f"Cannot change maintenance comment as {worker.worker_name} is not in maintenance!")
    first = (worker.maintenance_comment or "").split("\n", 1)[0]
    text = f"{first}\n[{_minute(now)}] - {user} updated comment:\n{comment}"
    return Outcome(reply=NULL, rows=(replace(worker, maintenance_comment=text),))


def exit_maintenance(worker: EdgeWorker, *, now: datetime) -> Outcome:
    """DELETE maintenance: from whatever state, also one that has nothing to do with maintenance."""
    row = replace(worker, state=Worker.MAINTENANCE_EXIT, maintenance_comment=None)
    return _changed(worker, row, now=now, cause="DELETE maintenance")


def request_shutdown(worker: EdgeWorker, *, now: datetime) -> Outcome:
    """POST shutdown: a worker that has left is left alone, with 200 all the same."""
    if worker.state in GONE:
        return Outcome(reply=NULL)
    return _changed(worker, replace(worker, state=Worker.SHUTDOWN_REQUEST), now=now, cause="POST shutdown")


def remove_worker(worker: EdgeWorker, *, now: datetime) -> Outcome:
    """DELETE worker: only one that has left, else 400. Its jobs stay."""
    if worker.state not in GONE:
        return _refused(_not_now("remove", worker))
    changes = edge_worker_moved(worker, None, at=now, cause="DELETE worker")
    return Outcome(reply=NULL, deleted=(worker.worker_name,), changes=changes)


def add_worker_queues(worker: EdgeWorker, *, queues: Sequence[str]) -> Outcome:
    """PUT queues: 400 for a worker that has left."""
    if worker.state in GONE:
        return _refused(_not_now("add queues to", worker))
    return Outcome(reply=NULL, rows=(with_queues(worker, queues),))


def remove_worker_queues(worker: EdgeWorker, *, queues: Sequence[str]) -> Outcome:
    """DELETE queues: 400 for a worker that has left. One without queues takes jobs from all of them."""
    if worker.state in GONE:
        return _refused(_not_now("remove queues from", worker))
    return Outcome(reply=NULL, rows=(without_queues(worker, queues),))


def set_worker_concurrency(worker: EdgeWorker, *, concurrency: int) -> Outcome:
    """PATCH concurrency: 400 for a worker that has left. It holds for all workers of this name to come."""
    if worker.state in GONE:
        return _refused(_not_now("set concurrency for", worker))
    return Outcome(reply=NULL, rows=(replace(worker, concurrency=concurrency),))


def _changed(old: EdgeWorker, new: EdgeWorker, *, now: datetime, cause: str) -> Outcome:
    return Outcome(reply=NULL, rows=(new,), changes=edge_worker_moved(old, new, at=now, cause=cause))


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _not_now(what: str, worker: EdgeWorker) -> str:
    return f"Cannot {what} edge worker {worker.worker_name} as it is in {worker.state} state!"


def _refused(detail: str) -> Outcome:
    return Outcome(reply=Reply(400, {"detail": detail}))
