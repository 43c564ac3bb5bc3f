"""What the Edge worker API and the EdgeExecutor do to a job: fetch, claim, state, orphaned, purge.

Airflow: providers/edge3/worker_api/routes/jobs.py and providers/edge3/executors/edge_executor.py.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fake_api.names import TaskInstanceState
from fake_api.outcome import NULL, Outcome, Reply, edge_job_moved
from fake_api.rows import EdgeJob, EdgeWorker, TaskInstance
from fake_api.transitions.edge_workers import WORKER_NOT_FOUND

NO_JOB = Outcome(reply=NULL)
NEEDS_UUID = Outcome(reply=Reply(409, {"detail": "Upgrade this Edge worker to report task-instance UUIDs."}))


class StaleJobError(Exception):
    """The job was deleted between its SELECT and its UPDATE: Airflow answers 500."""


def fetch_job(
    worker: EdgeWorker | None,
    *,
    jobs: Iterable[EdgeJob],
    free_concurrency: int,
    now: datetime,
    supports_task_instance_uuid: bool = False,
) -> Outcome:
    """POST jobs/fetch: 200 with the first of `jobs` that fits, 200 null when there is none, 404.

    `jobs` are the queued ones of the worker's queues, in order. The one handed out is parked as restarting
    until the worker reports it running: a lost reply leaves it there, seen by no worker. 409 when the first
    that fits is known by its task instance's UUID and the worker knows no such jobs: it gets no other.
    A worker of a team gets that team's jobs; one without gets everybody's, those of teams too.
    """
    if worker is None:
        return WORKER_NOT_FOUND
    for job in jobs:
        fits = job.concurrency_slots <= free_concurrency
        if fits and (worker.team_name is None or worker.team_name == job.team_name):
            if job.task_instance_id and not supports_task_instance_uuid:
                return NEEDS_UUID
            row = replace(
                job,
                state=TaskInstanceState.RESTARTING,
                edge_worker=worker.worker_name,
                last_update=now,
            )
            changes = edge_job_moved(job, row, at=now, cause="POST jobs/fetch")
            return Outcome(reply=Reply(200, _fetched(row)), rows=(row,), changes=changes)
    return NO_JOB


def claim_late(fetched: Outcome, *, current: EdgeJob | None, now: datetime) -> Outcome:
    """What a fetch does to a job that was not locked since it was read: it takes it, whoever has it by now.

    `current` is the row as it is now. Raises StaleJobError when it is gone. This is SQLite, which knows no
    SELECT … FOR UPDATE: SQLAlchemy leaves it out, and the UPDATE names the row by its key alone.
    """
    if current is None:
        raise StaleJobError("the job was deleted while it was handed out: fetch again")
    (read,) = [row for row in fetched.rows if isinstance(row, EdgeJob)]
    row = replace(current, state=read.state, edge_worker=read.edge_worker, last_update=now)
    return replace(
        fetched, rows=(row,), changes=edge_job_moved(current, row, at=now, cause="POST jobs/fetch")
    )


def set_job_state(job: EdgeJob | None, *, state: TaskInstanceState, now: datetime) -> Outcome:
    """PATCH jobs/state: always 200 null. Any state is taken in any order, an unknown job is ignored."""
    if job is None:
        return NO_JOB
    row = replace(job, state=state, last_update=now)
    changes = edge_job_moved(job, row, at=now, cause="PATCH jobs/state")
    return Outcome(reply=NULL, rows=(row,), changes=changes)


def orphan_job(job: EdgeJob, *, ti: TaskInstance | None, now: datetime) -> Outcome:
    """A running job nobody reported on for too long takes the state of its task instance, whatever its try.

    Airflow: EdgeExecutor._update_orphaned_jobs, which leaves last_update as it was.
    """
    state = (ti and ti.state) or TaskInstanceState.REMOVED
    if state == job.state:
        return Outcome()
    row = replace(job, state=state)
    return Outcome(rows=(row,), changes=edge_job_moved(job, row, at=now, cause="orphaned job"))


def delete_job(job: EdgeJob, *, now: datetime, cause: str) -> Outcome:
    """Remove the row, and with it its logs (Airflow: EdgeExecutor._delete_job)."""
    return Outcome(deleted=(job.key,), changes=edge_job_moved(job, None, at=now, cause=cause))


def _fetched(job: EdgeJob) -> dict[str, object]:
    return {
        "dag_id": job.key.dag_id,
        "task_id": job.key.task_id,
        "run_id": job.key.run_id,
        "map_index": job.key.map_index,
        "try_number": job.key.try_number,
        "command": json.loads(job.command),
        "concurrency_slots": job.concurrency_slots,
        "task_instance_id": job.task_instance_id or None,
    }
