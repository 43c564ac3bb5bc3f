"""Which state may follow which, as tables: task instance, edge job, edge worker.

`None` is the state of a row that does not exist yet, or is gone.
Source: Airflow 3.3, `execution_api/routes/task_instances.py`, `jobs/scheduler_job_runner.py`, and
edge3 5.1, `worker_api/routes/`, `executors/edge_executor.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str | None, frozenset[str | None]]


def _table(rows: dict[str | None, str]) -> Table:
    """Rows of `old: "new new …"`; `-` is the row that is gone, `~` a blank within a state's name."""
    return {
        old: frozenset(None if word == "-" else word.replace("~", " ") for word in new.split())
        for old, new in rows.items()
    }


TERMINAL = frozenset({"success", "failed", "skipped", "removed", "upstream_failed"})
"""States in which a task instance stays."""

TASK_INSTANCE: Table = _table(
    {
        None: "scheduled queued",
        "scheduled": "queued running skipped failed upstream_failed removed -",
        "queued": "running scheduled failed up_for_retry skipped restarting -",
        "restarting": "running scheduled failed up_for_retry -",
        "running": "success failed skipped removed upstream_failed up_for_retry up_for_reschedule"
        " deferred awaiting_input restarting scheduled",
        "up_for_retry": "scheduled queued failed skipped -",
        "up_for_reschedule": "scheduled queued failed skipped",
        "deferred": "scheduled failed skipped",
        "awaiting_input": "scheduled failed skipped",
        "success": "",
        "failed": "",
        "skipped": "",
        "removed": "",
        "upstream_failed": "",
    }
)

EDGE_JOB: Table = _table(
    {
        None: "queued",
        # a row may be revoked (deleted) while it waits, and queued again under the same key
        "queued": "restarting queued -",
        # `restarting` is where a fetched job waits until its worker reports `running`
        "restarting": "running success failed queued removed -",
        "running": "success failed up_for_retry up_for_reschedule deferred removed queued scheduled skipped"
        " upstream_failed restarting awaiting_input -",
        # an orphaned job has its task's state; a worker that was only cut off may still report its end
        "up_for_retry": "queued success failed -",
        "up_for_reschedule": "queued success failed -",
        "deferred": "queued success failed -",
        "awaiting_input": "queued success failed -",
        "scheduled": "queued success failed -",
        "success": "queued -",
        "failed": "queued success -",
        "removed": "queued success failed -",
        "skipped": "success failed -",
        "upstream_failed": "success failed -",
    }
)

_ALIVE = "starting idle running terminating offline unknown shutdown~request"
_CARED_FOR = "maintenance~request maintenance~pending maintenance~mode maintenance~exit offline~maintenance"
_BEGUN_OR_ENDED = "maintenance~request maintenance~exit"  # an administrator may, whatever the state is

EDGE_WORKER: Table = _table(
    {
        None: "starting maintenance~mode",
        "starting": f"{_ALIVE} {_CARED_FOR}",
        "idle": f"{_ALIVE} {_CARED_FOR}",
        "running": f"{_ALIVE} {_CARED_FOR}",
        "terminating": "terminating offline unknown offline~maintenance running idle shutdown~request"
        f" {_BEGUN_OR_ENDED}",
        "shutdown request": "shutdown~request terminating offline offline~maintenance unknown"
        f" {_BEGUN_OR_ENDED}",
        "maintenance request": f"{_CARED_FOR} running idle unknown offline shutdown~request",
        "maintenance pending": f"{_CARED_FOR} running idle unknown offline shutdown~request",
        "maintenance mode": f"{_CARED_FOR} running idle unknown offline shutdown~request",
        "maintenance exit": f"{_CARED_FOR} running idle unknown offline shutdown~request",
        "offline": f"starting maintenance~mode {_BEGUN_OR_ENDED} -",
        # a worker that was only slow heartbeats again without registering
        "unknown": f"{_ALIVE} maintenance~mode {_BEGUN_OR_ENDED} -",
        "offline maintenance": f"starting maintenance~mode {_BEGUN_OR_ENDED} -",
    }
)

TABLES: Mapping[str, Table] = {
    "task_instance": TASK_INSTANCE,
    "edge_job": EDGE_JOB,
    "edge_worker": EDGE_WORKER,
}

REPORTED_LATE = frozenset({"running", "success", "failed"})
"""What any job may become besides where its key was revoked before: of a worker that had it then and was cut off.

Airflow writes what is reported, whatever the job has come to since; one that has succeeded is `running` again.
"""


def is_legal(table: str, old: str | None, new: str | None, *, again: bool = False) -> bool:
    """Whether the row of `table` may go from `old` to `new`; staying where it is always is legal.

    `again`: a row of that key was there before, and was deleted.
    """
    late = again and table == "edge_job" and old is not None and new in REPORTED_LATE
    return old == new or late or new in TABLES[table].get(old, frozenset())
