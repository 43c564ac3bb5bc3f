"""PATCH state: where a running task instance goes, and what it leaves behind.

Airflow: execution_api/routes/task_instances.py, ti_update_state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.assets import Assets
from fake_api.names import FINISHED, TaskInstanceState
from fake_api.outcome import Outcome, Reply, refuse, task_instance_moved
from fake_api.rows import TaskInstance
from fake_api.transitions.asset_events import MalformedOutletEventError, written_assets
from fake_api.transitions.fail_fast import stop_remaining
from fake_api.transitions.human_input import answer_event, resumed_row
from fake_api.transitions.task_instances import NOT_FOUND, ended_at, invalid_state, next_try
from fake_api.waits import TaskReschedule, Trigger

ALREADY_THERE = Outcome(reply=Reply(200))
CAUSE = "PATCH state"

#: What a payload must bring to move a running task instance into an intermediate state. Without it, and
#: for every intermediate state not named here, Airflow accepts the call and fails the task instance.
REQUIRED = {
    TaskInstanceState.UP_FOR_RETRY: ("end_date",),
    TaskInstanceState.UP_FOR_RESCHEDULE: ("end_date", "reschedule_date"),
    TaskInstanceState.DEFERRED: ("classpath", "next_method"),
    TaskInstanceState.AWAITING_INPUT: ("next_method",),
}

PARTITION_KEY_MAX_LENGTH = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else a report may touch.

    `siblings` are the other task instances of a run whose Dag is fail_fast, none otherwise. `partition_key`
    is the run's.
    """

    assets: Assets | None = None
    siblings: Sequence[TaskInstance] = ()
    partition_key: str | None = None


ALONE = Around()


def update_state(
    ti: TaskInstance | None,
    *,
    payload: Mapping[str, Any],
    now: datetime,
    new_id: Callable[[], UUID],
    around: Around = ALONE,
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
        return invalid_state("TI was not in the running state so it cannot be updated", ti)
    if problem := _partition_key_problem(payload):
        return refuse(422, reason="invalid_partition_key", message=problem)
    if target == TaskInstanceState.UP_FOR_RETRY and "end_date" in payload:
        return _retry(ti, payload, now=now, new_id=new_id)
    try:
        written = _written(ti, target, payload, around, now)
        row = _moved_row(ti, target, payload, now)
    except MalformedOutletEventError:
        written, row = (), _failed(ti, now)
    outcome = Outcome(rows=(row, *written), changes=task_instance_moved(ti, row, at=now, cause=CAUSE))
    return stop_remaining(outcome, ti, around.siblings, now=now)


def _written(
    ti: TaskInstance, target: TaskInstanceState, payload: Mapping[str, Any], around: Around, now: datetime
) -> tuple[Any, ...]:
    if target != TaskInstanceState.SUCCESS or around.assets is None:
        return ()
    return written_assets(
        ti,
        outlets=payload.get("task_outlets", ()),
        events=payload.get("outlet_events", ()),
        assets=around.assets,
        partition_key=around.partition_key,
        now=now,
    )


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
    changes = task_instance_moved(ti, live, at=now, cause=CAUSE)
    return Outcome(archived=archived, rows=(live,), changes=changes)


def _moved_row(
    ti: TaskInstance, target: TaskInstanceState, payload: Mapping[str, Any], now: datetime
) -> TaskInstance:
    if target in FINISHED:
        label = payload.get("rendered_map_index", ti.rendered_map_index)
        done = replace(ti, state=target, next_method=None, next_kwargs=None, rendered_map_index=label)
        return ended_at(done, payload["end_date"])
    if any(name not in payload for name in REQUIRED.get(target, ("",))):
        return _failed(ti, now)
    # The label of a mapped task instance is dropped from here on: Airflow builds these updates anew.
    if target == TaskInstanceState.UP_FOR_RESCHEDULE:
        return _rescheduled(ti, payload, now)
    if target == TaskInstanceState.DEFERRED:
        return _deferred(ti, payload, now)
    return _awaiting_input(ti, payload, now)


def _failed(ti: TaskInstance, now: datetime) -> TaskInstance:
    return replace(ended_at(ti, now), state=TaskInstanceState.FAILED)


def _rescheduled(ti: TaskInstance, payload: Mapping[str, Any], now: datetime) -> TaskInstance:
    asked = TaskReschedule(
        start_date=now, end_date=payload["end_date"], reschedule_date=payload["reschedule_date"]
    )
    return replace(
        ended_at(ti, payload["end_date"]),
        state=TaskInstanceState.UP_FOR_RESCHEDULE,
        reschedule_date=payload["reschedule_date"],
        reschedules=(*ti.reschedules, asked),
        next_method=None,
        next_kwargs=None,
    )


def _deferred(ti: TaskInstance, payload: Mapping[str, Any], now: datetime) -> TaskInstance:
    trigger = Trigger(
        classpath=payload["classpath"],
        kwargs=payload.get("trigger_kwargs", {}),
        created_date=now,
        queue=payload.get("queue"),
    )
    waiting = _waiting(ti, payload, payload.get("trigger_timeout"), now)
    return replace(waiting, state=TaskInstanceState.DEFERRED, trigger=trigger)


def _awaiting_input(ti: TaskInstance, payload: Mapping[str, Any], now: datetime) -> TaskInstance:
    waiting = _waiting(ti, payload, payload.get("timeout"), now)
    if ti.hitl is not None and ti.hitl.responded_at is not None:
        # The human was faster than the worker: nothing would wake the task again if it were parked now.
        return replace(resumed_row(waiting, answer_event(ti.hitl)), trigger_timeout=ti.trigger_timeout)
    return replace(waiting, state=TaskInstanceState.AWAITING_INPUT, trigger=None)


def _waiting(ti: TaskInstance, payload: Mapping[str, Any], timeout: Any, now: datetime) -> TaskInstance:
    return replace(
        ti,
        next_method=payload["next_method"],
        next_kwargs=payload.get("next_kwargs", {}),
        trigger_timeout=None if timeout is None else now + timeout,
    )


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
