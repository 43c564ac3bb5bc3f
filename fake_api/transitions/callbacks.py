"""What the scheduler and its executor do to a callback: queue it, and hear how it went.

Airflow: jobs/scheduler_job_runner.py (_enqueue_executor_callbacks, process_executor_events),
providers/edge3/executors/edge_executor.py (queue_workload).
"""

import json
from dataclasses import replace
from datetime import datetime

from fake_api.catalogue import Callback, Dag
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, edge_job_moved
from fake_api.rows import EdgeJob


def queue_callback(
    callback: Callback,
    *,
    dag: Dag | None,
    job: EdgeJob | None,
    token: str,
    queue: str,
    team_name: str | None,
    now: datetime,
) -> Outcome:
    """Queue a callback and its edge job, which takes one slot; an existing `job` is only reset."""
    command = json.dumps(execute_callback(callback, dag=dag, token=token), separators=(",", ":"))
    known = job or EdgeJob(
        key=callback.job_key,
        state=TaskInstanceState.QUEUED,
        queue=queue,
        concurrency_slots=1,
        priority_weight=1,
        command=command,
        queued_dttm=now,
        team_name=team_name,
    )
    queued = replace(known, state=TaskInstanceState.QUEUED, command=command)
    changes = edge_job_moved(job, queued, at=now, cause="callback queued")
    return Outcome(rows=(replace(callback, state="queued"), queued), changes=changes)


def report_callback(callback: Callback, *, event: TaskInstanceState) -> Outcome:
    """The executor's word on a callback is its state: running, success or failed."""
    failed = event == TaskInstanceState.FAILED
    return Outcome(
        rows=(replace(callback, state=str(event), output="Execution failed" if failed else callback.output),)
    )


def execute_callback(callback: Callback, *, dag: Dag | None, token: str) -> dict[str, object]:
    """The workload an edge worker gets (Airflow: executors.workloads.ExecuteCallback)."""
    bundle = {"name": dag.bundle_name, "version": dag.bundle_version} if dag else {"name": "dags-folder"}
    return {
        "token": token,
        "dag_rel_path": (dag and dag.relative_fileloc) or "",
        "bundle_info": {"version": None} | bundle,
        "log_path": f"executor_callbacks/{callback.dag_id}/{callback.run_id}/{callback.id}",
        "callback": {"id": str(callback.id), "fetch_method": "import_path", "data": dict(callback.data)},
        "type": "ExecuteCallback",
    }
