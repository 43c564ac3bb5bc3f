"""What the Execution API and the scheduler do to a dag run: trigger, clear, start.

Airflow: execution_api/routes/dag_runs.py, api/common/trigger_dag.py and SerializedDAG.create_dagrun.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.catalogue import Dag
from fake_api.outcome import Outcome, refuse
from fake_api.rows import DagRun, TaskInstance

RUN_TYPE = "operator_triggered"
PARTITION_KEY_MAX_LENGTH = 250
#: Airflow: RUN_ID_REGEX and the default of [scheduler] allowed_run_id_pattern.
SCHEDULED_RUN_ID = r"^(?:manual|scheduled|asset_triggered)__(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00)$"
ALLOWED_RUN_ID = r"^[A-Za-z0-9_.~:+-]+$"
FINISHED = ("success", "failed")


def trigger_dag_run(
    dag: Dag | None,
    *,
    run: DagRun,
    existing: DagRun | None,
    same_date: DagRun | None,
    new_id: Callable[[], UUID],
) -> Outcome:
    """POST dag-runs: 204 and a queued run with its task instances, 400, 404, 409.

    `run` is the row asked for, `existing` the one with its id, `same_date` the one with its logical date.
    """
    if refused := _refused(dag, run.dag_id):
        return refused
    if dag is None or (dag.allowed_run_types is not None and RUN_TYPE not in dag.allowed_run_types):
        message = f"Dag with dag_id '{run.dag_id}' does not allow operator-triggered runs"
        return refuse(400, reason="denied_run_type", message=message)
    if existing is not None:
        message = f"A run already exists for Dag '{run.dag_id}' with run_id '{run.run_id}'"
        return refuse(409, reason="already_exists", message=message)
    if problem := _run_id_problem(run.run_id):
        return refuse(400, reason="value_error", message=problem)
    if refused := _partition_refused(dag, run.partition_key):
        return refused
    if same_date is not None:
        return _unique_violation(new_id())
    given = dag.tasks_on(run.logical_date)
    tasks = [replace(task, dag_id=run.dag_id, run_id=run.run_id) for task in given]
    instances = [TaskInstance(id=new_id(), task=task, try_number=0, max_tries=task.retries) for task in tasks]
    return Outcome(rows=(run, *instances))


def clear_dag_run(dag: Dag | None, *, run: DagRun | None, dag_id: str, run_id: str, tasks: int) -> Outcome:
    """POST clear: 204, 400, 404. A finished run is queued again; one without task instances is left alone.

    The task instances are cleared each by itself, before.
    """
    if refused := _refused(dag, dag_id):
        return refused
    if run is None:
        return refuse(404, reason="not_found", message=f"Dag run with run_id: '{run_id}' not found")
    if not tasks:
        return Outcome()
    changed: dict[str, Any] = {"clear_number": run.clear_number + 1}
    if run.state in FINISHED:
        changed |= {"state": "queued", "start_date": None, "end_date": None}
    return Outcome(rows=(replace(run, **changed),))


def start_dag_run(run: DagRun, *, dag: Dag | None, now: datetime) -> Outcome:
    """The scheduler starts a queued run when its time has come and its Dag is not paused."""
    if run.run_after > now or (dag is not None and dag.is_paused):
        return Outcome()
    return Outcome(rows=(replace(run, state="running", start_date=now),))


def asked_run(
    dag_id: str,
    run_id: str,
    *,
    asked: Mapping[str, Any],
    user: str | None,
    dag_version_id: UUID,
    now: datetime,
) -> DagRun:
    """The row a caller asks for. With a logical date its data interval is the moment it may run after.

    `asked` has logical_date, run_after, conf, partition_key and note.
    """
    run_after = asked["run_after"] or now
    interval = run_after if asked["logical_date"] else None
    return DagRun(
        dag_id=dag_id,
        run_id=run_id,
        dag_version_id=dag_version_id,
        run_after=run_after,
        logical_date=asked["logical_date"],
        data_interval_start=interval,
        data_interval_end=interval,
        state="queued",
        run_type=RUN_TYPE,
        conf=asked["conf"],
        triggering_user_name=user,
        partition_key=asked["partition_key"],
        note=asked["note"],
    )


def _refused(dag: Dag | None, dag_id: str) -> Outcome | None:
    if dag is None or dag.is_stale:
        return refuse(404, reason="not_found", message=f"Dag with dag_id: '{dag_id}' not found")
    if dag.has_import_errors:
        message = f"Dag with dag_id '{dag_id}' has import errors and cannot be triggered"
        return refuse(400, reason="import_errors", message=message)
    return None


def _run_id_problem(run_id: str) -> str | None:
    if ".." in run_id:
        return f"The run_id '{run_id}' must not contain '..' to prevent path traversal"
    if not re.match(SCHEDULED_RUN_ID, run_id) and not re.match(ALLOWED_RUN_ID, run_id):
        return (
            f"The run_id provided '{run_id}' does not match regex pattern "
            f"'{ALLOWED_RUN_ID}' or '{SCHEDULED_RUN_ID}'"
        )
    return None


def _partition_refused(dag: Dag, key: str | None) -> Outcome | None:
    if key is None:
        return None
    if not dag.partitioned:
        message = f"Dag '{dag.dag_id}' is not a partitioned Dag and does not accept a partition_key."
        return refuse(400, reason="not_partitioned", message=message)
    if not key.strip():
        message = "partition_key must not be empty or whitespace-only."
        return refuse(400, reason="invalid_partition_key", message=message)
    if len(key) > PARTITION_KEY_MAX_LENGTH:
        message = f"partition_key must be at most {PARTITION_KEY_MAX_LENGTH} characters; got {len(key)}."
        return refuse(400, reason="invalid_partition_key", message=message)
    return None


def _unique_violation(error_id: UUID) -> Outcome:
    return database_refusal(409, "Unique constraint violation", error_id)


def database_refusal(status: int, reason: str, error_id: UUID) -> Outcome:
    """What Airflow tells of an error of its database (api_fastapi/common/exceptions.py)."""
    message = (
        "Serious error when handling your request. Check logs for more details - "
        f"you will find it in api server when you look for ID {error_id.hex[:8]}"
    )
    return refuse(
        status,
        reason=reason,
        statement="hidden",
        orig_error="hidden",
        message=message,
    )
