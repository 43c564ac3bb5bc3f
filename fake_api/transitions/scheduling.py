"""What the scheduler does to a task instance without being asked: queue, fail, rescue, adopt.

Airflow: jobs/scheduler_job_runner.py, models/taskinstance.py, models/dagrun.py.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fake_api.names import FINISHED, TaskInstanceState
from fake_api.outcome import Outcome, edge_job_moved, task_instance_moved
from fake_api.rows import DagRun, EdgeJob, JobKey, TaskInstance
from fake_api.settings import Settings
from fake_api.transitions.fail_fast import stop_remaining
from fake_api.transitions.task_instances import ended_at, next_try

#: States in which a task instance still belongs to the try the executor reports on.
EXECUTING = frozenset(
    {
        TaskInstanceState.SCHEDULED,
        TaskInstanceState.QUEUED,
        TaskInstanceState.RUNNING,
        TaskInstanceState.RESTARTING,
    }
)
#: Queued again without a new try: these went on waiting in the same one.
SAME_TRY = frozenset({TaskInstanceState.SCHEDULED, TaskInstanceState.UP_FOR_RESCHEDULE})


def next_key(ti: TaskInstance) -> JobKey:
    """The name of the try that queueing this task instance begins or goes on with."""
    return JobKey(*ti.task.primary, ti.try_number + (ti.state not in SAME_TRY))


def queue_task(
    ti: TaskInstance,
    *,
    dag_run: DagRun,
    job: EdgeJob | None,
    token: Callable[[UUID], str],
    job_id: int,
    now: datetime,
    cause: str,
    team_name: str | None = None,
) -> Outcome:
    """Queue a task instance and its edge job, with a fresh workload token, in the executor of a team.

    Airflow: DagRun.schedule_tis counts the try, EdgeExecutor.queue_workload resets an existing `job`.
    """
    row = replace(
        ti,
        state=TaskInstanceState.QUEUED,
        try_number=next_key(ti).try_number,
        stuck_in_queued=ti.stuck_in_queued if ti.state in SAME_TRY else 0,
        queued_dttm=now,
        queued_by_job_id=job_id,
        reschedule_date=None,
    )
    queued = EdgeJob(
        key=row.key,
        state=TaskInstanceState.QUEUED,
        queue=ti.task.queue,
        concurrency_slots=ti.task.pool_slots,
        priority_weight=ti.task.priority_weight,
        command=json.dumps(execute_task(row, dag_run=dag_run, token=token(ti.id)), separators=(",", ":")),
        queued_dttm=job.queued_dttm if job else now,
        edge_worker=job.edge_worker if job else None,
        last_update=job.last_update if job else None,
        team_name=team_name,
    )
    changes = task_instance_moved(None if ti.try_number == 0 else ti, row, at=now, cause=cause)
    told = edge_job_moved(job, queued, at=now, cause=cause)
    return Outcome(rows=(row, queued), changes=changes + told)


def handle_executor_event(
    ti: TaskInstance,
    *,
    try_number: int,
    event: TaskInstanceState,
    has_task: bool,
    job_id: int,
    now: datetime,
    new_id: Callable[[], UUID],
    cause: str,
    siblings: Sequence[TaskInstance] = (),
) -> Outcome | None:
    """What an executor's final word means for a task instance; None when the two agree or it is stale.

    They disagree ("state mismatch") when the executor is done with a try the task instance still executes.
    `has_task` says that the executor has got the same try again, `siblings` are what a fail_fast Dag stops.
    Airflow: SchedulerJobRunner.process_executor_events.
    """
    if ti.try_number != try_number or ti.state not in EXECUTING:
        return None
    resumed = (
        ti.state == TaskInstanceState.SCHEDULED
        and event == TaskInstanceState.SUCCESS
        and ti.next_method is not None
    )
    if ti.queued_by_job_id != job_id or has_task or resumed:
        return None
    if ti.state == TaskInstanceState.RESTARTING and event == TaskInstanceState.SUCCESS:
        cleared = replace(ti, state=None, max_tries=ti.try_number + ti.task.retries)
        return Outcome(rows=(cleared,), changes=task_instance_moved(ti, cleared, at=now, cause=cause))
    failure = handle_failure(ti, now=now, new_id=new_id, cause=cause)
    return stop_remaining(failure, ti, siblings, now=now)


def handle_failure(ti: TaskInstance, *, now: datetime, new_id: Callable[[], UUID], cause: str) -> Outcome:
    """Fail the try: up_for_retry while tries are left, else failed.

    Only a running task instance is archived and renamed. Airflow: TaskInstance.handle_failure.
    """
    restarting = ti.state == TaskInstanceState.RESTARTING
    retry = restarting or (ti.task.retries > 0 and ti.try_number <= ti.max_tries)
    if retry and ti.state == TaskInstanceState.RUNNING:
        archived, live = next_try(ti, end_date=now, new_id=new_id)
        changes = task_instance_moved(ti, live, at=now, cause=cause)
        return Outcome(archived=archived, rows=(live,), changes=changes)
    row = replace(
        ended_at(ti, now),
        state=TaskInstanceState.UP_FOR_RETRY if retry else TaskInstanceState.FAILED,
        next_method=None,
        next_kwargs=None,
    )
    return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause=cause))


def rescue_stuck_task(ti: TaskInstance, *, settings: Settings, now: datetime) -> Outcome:
    """A task instance queued for too long goes back to scheduled, or fails after too many rescues.

    Airflow: SchedulerJobRunner._maybe_requeue_stuck_ti.
    """
    if ti.stuck_in_queued < settings.num_stuck_in_queued_retries:
        row = replace(
            ti,
            state=TaskInstanceState.SCHEDULED,
            queued_dttm=None,
            queued_by_job_id=None,
            stuck_in_queued=ti.stuck_in_queued + 1,
        )
    else:
        started = replace(ti, start_date=ti.start_date or now)
        row = replace(ended_at(started, ti.end_date or now), state=TaskInstanceState.FAILED)
    return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause="stuck in queued"))


def adopt_task(ti: TaskInstance, *, job_id: int, now: datetime) -> Outcome:
    """A running scheduler takes over a task instance a dead one queued."""
    return Outcome(
        rows=(replace(ti, queued_by_job_id=job_id, last_heartbeat_at=ti.last_heartbeat_at or now),)
    )


def reset_task(ti: TaskInstance, *, now: datetime, new_id: Callable[[], UUID]) -> Outcome:
    """A task instance a dead scheduler queued and the executor lost starts over under a new id.

    Airflow: SchedulerJobRunner.adopt_or_reset_orphaned_tasks.
    """
    archived, live = next_try(ti, end_date=ti.end_date or now, new_id=new_id)
    row = replace(live, state=None, queued_by_job_id=None)
    changes = task_instance_moved(ti, row, at=now, cause="adopt or reset")
    return Outcome(archived=archived, rows=(row,), changes=changes)


def clear_task(ti: TaskInstance, *, recorded: bool, now: datetime, new_id: Callable[[], UUID]) -> Outcome:
    """A user wants the task to run again: a running one restarts, and its supervisor gets a 410.

    A try that is `recorded` in the history already does not end once more. Airflow: clear_task_instances.
    """
    running = ti.state == TaskInstanceState.RUNNING
    ended = ti.end_date if recorded or ti.state in FINISHED else ti.end_date or now
    archived, live = next_try(ti, end_date=ended, new_id=new_id)
    row = replace(
        live,
        trigger=ti.trigger,
        state=TaskInstanceState.RESTARTING if running else None,
        max_tries=ti.max_tries if running else ti.try_number + ti.task.retries,
    )
    changes = task_instance_moved(ti, row, at=now, cause="clear")
    return Outcome(archived=archived, rows=(row,), changes=changes)


def execute_task(ti: TaskInstance, *, dag_run: DagRun, token: str) -> dict[str, object]:
    """The workload an edge worker gets (Airflow: executors.workloads.ExecuteTask)."""
    return {
        "token": token,
        "dag_rel_path": ti.task.dag_rel_path,
        "bundle_info": {"name": "dags-folder", "version": None},
        "log_path": log_path(ti, try_number=ti.try_number),
        "ti": {
            "id": str(ti.id),
            "task_id": ti.task.task_id,
            "dag_id": ti.task.dag_id,
            "run_id": ti.task.run_id,
            "try_number": ti.try_number,
            "dag_version_id": str(dag_run.dag_version_id),
            "map_index": ti.task.map_index,
            "hostname": "",
            "context_carrier": {"traceparent": f"00-{dag_run.dag_version_id.hex}-{ti.id.hex[16:]}-00"},
            "queue": ti.task.queue,
            "pool_slots": ti.task.pool_slots,
            "priority_weight": ti.task.priority_weight,
        },
        "sentry_integration": "",
        "type": "ExecuteTask",
    }


def log_path(ti: TaskInstance, *, try_number: int) -> str:
    """Where the log of a try lies, relative to the log folder (Airflow: [logging] log_filename_template)."""
    mapped = f"map_index={ti.task.map_index}/" if ti.task.map_index >= 0 else ""
    task = f"dag_id={ti.task.dag_id}/run_id={ti.task.run_id}/task_id={ti.task.task_id}"
    return f"{task}/{mapped}attempt={try_number}.log"
