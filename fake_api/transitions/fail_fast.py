"""A fail_fast Dag stops all of a run when one of its tasks fails.

Airflow: _stop_remaining_tasks in models/taskinstance.py.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, task_instance_moved
from fake_api.rows import TaskInstance
from fake_api.transitions.task_instances import ended_at

SPARED = (TaskInstanceState.SUCCESS, TaskInstanceState.FAILED, TaskInstanceState.SKIPPED)


def stop_remaining(
    outcome: Outcome, ti: TaskInstance, siblings: Iterable[TaskInstance], *, now: datetime
) -> Outcome:
    """The outcome, and with it, when it fails `ti`, the end of its siblings.

    Those that run fail, without an end date; the others that could still run are skipped. Teardown tasks go on.
    """
    if not any(
        isinstance(row, TaskInstance) and row.state == TaskInstanceState.FAILED for row in outcome.rows
    ):
        return outcome
    for each in siblings:
        if each.task.task_id != ti.task.task_id and each.state not in SPARED and not each.task.is_teardown:
            row = _stopped(each, now)
            changes = task_instance_moved(each, row, at=now, cause="fail fast")
            outcome = replace(outcome, rows=(*outcome.rows, row), changes=outcome.changes + changes)
    return outcome


def _stopped(ti: TaskInstance, now: datetime) -> TaskInstance:
    if ti.state == TaskInstanceState.RUNNING:
        return replace(ti, state=TaskInstanceState.FAILED)
    started = replace(ti, state=TaskInstanceState.SKIPPED, start_date=ti.start_date or now)
    return ended_at(started, ti.end_date or now)
