"""What the Execution API does to a task instance: run, state, heartbeat.

Airflow: api_fastapi/execution_api/routes/task_instances.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.names import FINISHED, TaskInstanceState
from fake_api.outcome import NO_CONTENT, Outcome, Reply, refuse, task_instance_moved
from fake_api.rows import DagRun, TaskInstance

NOT_FOUND = refuse(404, reason="not_found", message="Task Instance not found")
ARCHIVED = refuse(
    410,
    reason="not_found",
    message="Task Instance not found, it may have been moved to the Task Instance History table",
)
HEARTBEAT_TAKEN = Outcome()
ALREADY_THERE = Outcome(reply=Reply(200))

#: What a payload must bring to move a running task instance into an intermediate state. Without it, and
#: for every intermediate state not named here, Airflow accepts the call and fails the task instance.
REQUIRED = {
    TaskInstanceState.UP_FOR_RETRY: ("end_date",),
    TaskInstanceState.UP_FOR_RESCHEDULE: ("end_date", "reschedule_date"),
    TaskInstanceState.DEFERRED: ("classpath", "next_method"),
    TaskInstanceState.AWAITING_INPUT: ("next_method",),
}

PARTITION_KEY_MAX_LENGTH = 250


def run(
    ti: TaskInstance | None,
    *,
    dag_run: DagRun | None,
    xcom_keys: Sequence[str],
    hostname: str,
    unixname: str,
    pid: int,
    start_date: datetime,
    now: datetime,
) -> Outcome:
    """PATCH run: 200 with the TIRunContext, 404, or 409 when it already runs elsewhere or may not run.

    The same (hostname, unixname, pid) may ask again: its first reply may have been lost.
    """
    if ti is None or dag_run is None:
        return NOT_FOUND
    again = ti.state == TaskInstanceState.RUNNING and (ti.hostname, ti.unixname, ti.pid) == (
        hostname,
        unixname,
        pid,
    )
    if not again and ti.state not in (TaskInstanceState.QUEUED, TaskInstanceState.RESTARTING):
        return _invalid_state("TI was not in a state where it could be marked as running", ti)
    row = replace(
        ti,
        state=TaskInstanceState.RUNNING,
        hostname=hostname,
        unixname=unixname,
        pid=pid,
        start_date=ti.start_date if ti.next_kwargs else start_date,
        end_date=None,
        last_heartbeat_at=now,
        retry_delay_override=None,
        retry_reason=None,
        stuck_in_queued=0,
    )
    context = _run_context(ti, dag_run, xcom_keys)
    changes = task_instance_moved(ti, row, at=now, cause="PATCH run")
    return Outcome(reply=Reply(200, context), rows=(row,), changes=changes)


def update_state(
    ti: TaskInstance | None, *, payload: Mapping[str, Any], now: datetime, new_id: Callable[[], UUID]
) -> Outcome:
    """PATCH state: 204, 200 when already there, 404, 409 when not running, 422 for a bad partition key.

    `payload` has just the keys the caller sent. Only a running task instance moves.
    """
    if ti is None:
        return NOT_FOUND
    target = TaskInstanceState(payload["state"])
    if target == ti.state:
        return ALREADY_THERE
    if ti.state != TaskInstanceState.RUNNING:
        return _invalid_state("TI was not in the running state so it cannot be updated", ti)
    if problem := _partition_key_problem(payload):
        return refuse(422, reason="invalid_partition_key", message=problem)
    if target == TaskInstanceState.UP_FOR_RETRY and "end_date" in payload:
        return _retry(ti, payload, now=now, new_id=new_id)
    row = _moved_row(ti, target, payload, now)
    return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause="PATCH state"))


def heartbeat(ti: TaskInstance | None, *, archived: bool, hostname: str, pid: int, now: datetime) -> Outcome:
    """PUT heartbeat: 204, 404, 410 for the id of an earlier try, 409 when it runs elsewhere or not at all."""
    if ti is None:
        return ARCHIVED if archived else NOT_FOUND
    if ti.hostname != hostname or ti.pid != pid:
        return refuse(
            409,
            reason="running_elsewhere",
            message="TI is already running elsewhere",
            current_hostname=ti.hostname,
            current_pid=ti.pid,
        )
    if ti.state != TaskInstanceState.RUNNING:
        return refuse(
            409,
            reason="not_running",
            message="TI is no longer in the running state and task should terminate",
            current_state=ti.state,
        )
    return Outcome(reply=NO_CONTENT, rows=(replace(ti, last_heartbeat_at=now),))


def next_try(
    ti: TaskInstance, *, end_date: datetime, new_id: Callable[[], UUID], **values: Any
) -> tuple[TaskInstance, TaskInstance]:
    """Archive this try and give the task instance a new id: (the archived row, the live one).

    Airflow: TaskInstance.prepare_db_for_next_try. A try that had not finished is archived as failed.
    """
    ended = ended_at(replace(ti, next_method=None, next_kwargs=None, **values), end_date)
    state = ti.state if ti.state in FINISHED else TaskInstanceState.FAILED
    live = replace(ended, id=new_id(), state=TaskInstanceState.UP_FOR_RETRY, task_reschedule_count=0)
    return replace(ended, state=state), live


def ended_at(ti: TaskInstance, end_date: datetime) -> TaskInstance:
    """The row with its end date and duration set."""
    duration = (end_date - ti.start_date).total_seconds() if ti.start_date else None
    return replace(ti, end_date=end_date, duration=duration)


def _retry(
    ti: TaskInstance, payload: Mapping[str, Any], *, now: datetime, new_id: Callable[[], UUID]
) -> Outcome:
    archived, live = next_try(
        ti,
        end_date=payload["end_date"],
        new_id=new_id,
        retry_delay_override=payload.get("retry_delay_seconds"),
        retry_reason=(payload.get("retry_reason") or "")[:500] or None,
        rendered_map_index=payload.get("rendered_map_index", ti.rendered_map_index),
    )
    changes = task_instance_moved(ti, live, at=now, cause="PATCH state")
    return Outcome(archived=archived, rows=(live,), changes=changes)


def _moved_row(
    ti: TaskInstance, target: TaskInstanceState, payload: Mapping[str, Any], now: datetime
) -> TaskInstance:
    ti = replace(ti, rendered_map_index=payload.get("rendered_map_index", ti.rendered_map_index))
    if target in FINISHED:
        done = ended_at(ti, payload["end_date"])
        return replace(done, state=target, next_method=None, next_kwargs=None)
    if any(name not in payload for name in REQUIRED.get(target, ("",))):
        return replace(ended_at(ti, now), state=TaskInstanceState.FAILED)
    if target == TaskInstanceState.UP_FOR_RESCHEDULE:
        return replace(
            ended_at(ti, payload["end_date"]),
            state=target,
            reschedule_date=payload["reschedule_date"],
            task_reschedule_count=ti.task_reschedule_count + 1,
            next_method=None,
            next_kwargs=None,
        )
    timeout = payload.get("trigger_timeout") or payload.get("timeout")
    return replace(
        ti,
        state=target,
        next_method=payload["next_method"],
        next_kwargs=payload.get("next_kwargs", {}),
        trigger_timeout=now + timeout if timeout else None,
    )


def _run_context(ti: TaskInstance, dag_run: DagRun, xcom_keys: Sequence[str]) -> dict[str, Any]:
    eligible = ti.max_tries != 0 and ti.try_number <= ti.max_tries
    context: dict[str, Any] = {
        "dag_run": dag_run_context(dag_run),
        "task_reschedule_count": ti.task_reschedule_count,
        "max_tries": ti.max_tries,
        "variables": [],
        "connections": [],
        "xcom_keys_to_clear": [] if ti.next_method else list(xcom_keys),
        "should_retry": ti.state == TaskInstanceState.RESTARTING or eligible,
    }
    if ti.next_method:
        context |= {
            "next_method": ti.next_method,
            "next_kwargs": ti.next_kwargs,
            "start_date": ti.start_date,
        }
    return context


def dag_run_context(dag_run: DagRun) -> dict[str, Any]:
    """A dag run as the Execution API tells it (Airflow: execution_api DagRun)."""
    return {
        "dag_id": dag_run.dag_id,
        "run_id": dag_run.run_id,
        "logical_date": dag_run.logical_date,
        "data_interval_start": dag_run.logical_date,
        "data_interval_end": dag_run.logical_date,
        "run_after": dag_run.logical_date,
        "start_date": dag_run.start_date,
        "end_date": None,
        "clear_number": 0,
        "run_type": "manual",
        "state": dag_run.state,
        "conf": dict(dag_run.conf),
        "triggering_user_name": dag_run.triggering_user_name,
        "consumed_asset_events": [],
        "partition_key": None,
        "partition_date": None,
        "note": None,
        "team_name": None,
    }


def _invalid_state(message: str, ti: TaskInstance) -> Outcome:
    return refuse(409, reason="invalid_state", message=message, previous_state=ti.state)


def _partition_key_problem(payload: Mapping[str, Any]) -> str | None:
    for event in payload.get("outlet_events", ()):
        key = event.get("partition_key")
        if key is None:
            continue
        if not key.strip():
            return f"partition_key in outlet event must not be empty or whitespace-only; got {key!r}."
        if len(key) > PARTITION_KEY_MAX_LENGTH:
            most = PARTITION_KEY_MAX_LENGTH
            return f"partition_key in outlet event must be at most {most} characters; got {len(key)}."
    return None
