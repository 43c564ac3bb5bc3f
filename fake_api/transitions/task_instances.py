"""What the Execution API does to a task instance: run, heartbeat, skip. Its reports stand in task_states.

Airflow: api_fastapi/execution_api/routes/task_instances.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.names import FINISHED, TaskInstanceState
from fake_api.outcome import NO_CONTENT, Outcome, Reply, refuse, task_instance_moved
from fake_api.rows import DagRun, TaskInstance
from fake_api.views import dag_run_view

NOT_FOUND = refuse(404, reason="not_found", message="Task Instance not found")
ARCHIVED = refuse(
    410,
    reason="not_found",
    message="Task Instance not found, it may have been moved to the Task Instance History table",
)
NOT_SKIPPED = (TaskInstanceState.RUNNING, TaskInstanceState.SUCCESS, TaskInstanceState.FAILED)


def run(
    ti: TaskInstance | None,
    *,
    dag_run: DagRun | None,
    xcom_keys: Sequence[str],
    consumed: Sequence[Mapping[str, Any]] = (),
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
        return invalid_state("TI was not in a state where it could be marked as running", ti)
    row = _changed(
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
    context = _run_context(ti, dag_run_view(dag_run, consumed), xcom_keys)
    changes = task_instance_moved(ti, row, at=now, cause="PATCH run")
    return Outcome(reply=Reply(200, context), rows=(row,), changes=changes)


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
    return Outcome(reply=NO_CONTENT, rows=(_changed(ti, last_heartbeat_at=now),))


def next_try(
    ti: TaskInstance, *, end_date: datetime | None, new_id: Callable[[], UUID], **values: Any
) -> tuple[TaskInstance, TaskInstance]:
    """Archive this try and give the task instance a new id: (the archived row, the live one).

    Airflow: TaskInstance.prepare_db_for_next_try. A try that had not finished is archived as failed.
    """
    ended = ended_at(replace(ti, next_method=None, next_kwargs=None, trigger=None, **values), end_date)
    state = ti.state if ti.state in FINISHED else TaskInstanceState.FAILED
    live = replace(ended, id=new_id(), state=TaskInstanceState.UP_FOR_RETRY, reschedules=())
    return replace(ended, state=state), live


def ended_at(ti: TaskInstance, end_date: datetime | None) -> TaskInstance:
    """The row with its end date and duration set, if it has an end."""
    if end_date is None:
        return ti
    duration = (end_date - ti.start_date).total_seconds() if ti.start_date else None
    return replace(ti, end_date=end_date, duration=duration)


def skip_downstream(ti: TaskInstance | None, *, downstream: Iterable[TaskInstance], now: datetime) -> Outcome:
    """PATCH skip-downstream: 204, 404. What runs or has run is left alone, also where it failed."""
    if ti is None:
        return NOT_FOUND
    skippable = [each for each in downstream if each.state not in NOT_SKIPPED]
    rows = [
        replace(each, state=TaskInstanceState.SKIPPED, start_date=now, end_date=now) for each in skippable
    ]
    changes = [
        change
        for old, new in zip(skippable, rows, strict=True)
        for change in task_instance_moved(old, new, at=now, cause="PATCH skip-downstream")
    ]
    return Outcome(rows=tuple(rows), changes=tuple(changes))


def _changed(ti: TaskInstance, **values: Any) -> TaskInstance:
    # As dataclasses.replace, which sets every field anew: too much for the two busiest calls.
    row = object.__new__(TaskInstance)
    row.__dict__.update(ti.__dict__, **values)
    return row


def _run_context(ti: TaskInstance, dag_run: dict[str, Any], xcom_keys: Sequence[str]) -> dict[str, Any]:
    eligible = ti.max_tries != 0 and ti.try_number <= ti.max_tries
    context: dict[str, Any] = {
        "dag_run": dag_run,
        "task_reschedule_count": len(ti.reschedules),
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


def invalid_state(message: str, ti: TaskInstance) -> Outcome:
    """409 with the state the task instance has."""
    return refuse(409, reason="invalid_state", message=message, previous_state=ti.state)
