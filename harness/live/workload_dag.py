"""The DAG file of a live run: its tasks do what the plan's submissions say, and leave marks.

It is copied into the DAG folder of real workers, beside `marks.py` and `workload.json`, and imports nothing else of ours.
"""

import hashlib
import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Connection, Variable, get_current_context, task
from marks import mark  # type: ignore[import-not-found]

WORKLOAD: dict[str, dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("workload.json").read_text()
)
#: Tells whether a deployed file is that of a plan.
TAG = f"workload-{hashlib.sha256(json.dumps(WORKLOAD, sort_keys=True).encode()).hexdigest()[:12]}"


class PlannedFailure(Exception):
    """The plan says that this try fails."""


def _sleeper(lasting: float, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", str(lasting)], **options)  # noqa: S603, S607 - coreutils


def _reschedule_once(ti: Any, *, seconds: float) -> None:
    """Back to the queue, the first time; a file remembers it."""
    been_here = Path(os.environ["AIRFLOW_HOME"], f"rescheduled-{ti.id}")
    if not been_here.exists():
        been_here.touch()
        raise _exception("AirflowRescheduleException")(datetime.now(UTC) + timedelta(seconds=seconds))


def _trigger(dag_id: str, *, run_id: str) -> None:
    """Ask for a run of that Dag, as TriggerDagRunOperator does."""
    raise _exception("DagRunTriggerException")(
        trigger_dag_id=dag_id,
        dag_run_id=run_id,
        conf=None,
        logical_date=None,
        reset_dag_run=False,
        skip_when_already_exists=False,
        wait_for_completion=False,
        allowed_states=["success"],
        failed_states=["failed"],
        poke_interval=60,
        deferrable=False,
    )


def _exception(name: str) -> Any:
    """An exception of Airflow's, which moved to the Task SDK in 3.2."""
    try:
        return getattr(import_module("airflow.sdk.exceptions"), name)
    except AttributeError:
        return getattr(import_module("airflow.exceptions"), name)


def body(**work: Any) -> str | None:
    """Last as long as planned, and end as planned."""
    ti: Any = get_current_context()["ti"]
    about = {"task": f"{ti.dag_id}/{ti.task_id}/{ti.run_id}", "ti": str(ti.id), "try": ti.try_number}
    if work["reschedules"]:
        _reschedule_once(ti, seconds=work["reschedules"])
    if work["leaves"]:
        _sleeper(work["leaves"], start_new_session=True)  # nobody waits for it
    apart = _sleeper(work["lasting"]) if work["apart"] else None
    about["pid"] = apart.pid if apart else os.getpid()
    mark("begin", slots=work["slots"], **about)
    if work["reads"]:
        Variable.get("harness")
        Connection.get("harness")
    if apart is None:
        time.sleep(work["lasting"])
    elif apart.wait():
        raise PlannedFailure  # it was killed, and its witness sees that by itself
    if ti.try_number in work["failing_tries"]:
        mark("fail", **about)
        raise PlannedFailure
    mark("ok", **about)
    if work["triggers"]:
        _trigger(work["triggers"], run_id=f"by-{ti.id}")
    return "x" * work["xcom_bytes"] or None


for dag_id, tasks in WORKLOAD.items():
    with DAG(
        dag_id,
        schedule=None,
        start_date=datetime(2025, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_tasks=len(tasks),
        tags=[TAG],
    ) as dag:
        for task_id, work in tasks.items():
            task(
                task_id=task_id,
                queue=work["queue"],
                pool=f"{dag_id}.{task_id}",  # its slots are opened when the plan submits the task
                pool_slots=work["slots"],
                retries=work["retries"],
                retry_delay=timedelta(seconds=work["retry_delay"]),
            )(body)(**work)
    globals()[dag_id] = dag
    for name in filter(None, (work["triggers"] for work in tasks.values())):
        globals()[name] = DAG(name, schedule=None, start_date=datetime(2025, 1, 1, tzinfo=UTC))
