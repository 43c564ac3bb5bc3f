"""What the scheduler does to tasks that waited too long: for a trigger, for a human.

Airflow: SchedulerJobRunner.check_trigger_timeouts and check_awaiting_input_timeouts.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, task_instance_moved
from fake_api.rows import TaskInstance
from fake_api.transitions.human_input import answer_event, resume
from fake_api.waits import HitlDetail

INPUT_TIMEOUT = {
    "error": "The Human-in-the-loop response timeout has passed without a response.",
    "error_type": "timeout",
}


def time_out_trigger(ti: TaskInstance, *, now: datetime) -> Outcome:
    """A deferred task instance is scheduled again, to fail in the worker."""
    row = replace(
        ti,
        state=TaskInstanceState.SCHEDULED,
        next_method="__fail__",
        next_kwargs={"error": "Trigger timeout"},
        trigger=None,
    )
    return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause="trigger timeout"))


def time_out_input(ti: TaskInstance, *, now: datetime) -> Outcome:
    """A task instance that asked a human goes on: with the answer, with its defaults, else with an error."""
    cause = "input timeout"
    if ti.hitl is not None and ti.hitl.responded_at is not None:
        return resume(ti, event=answer_event(ti.hitl), now=now, cause=cause)
    if ti.hitl is not None and ti.hitl.defaults is not None:
        detail = _by_default(ti.hitl, now)
        event = answer_event(detail) | {"timedout": True}
        return resume(replace(ti, hitl=detail), event=event, now=now, cause=cause)
    return resume(ti, event=INPUT_TIMEOUT, now=now, cause=cause)


def _by_default(detail: HitlDetail, now: datetime) -> HitlDetail:
    return replace(
        detail,
        chosen_options=detail.defaults or (),
        params_input={name: _default(value) for name, value in detail.params.items()},
        responded_at=now,
        responded_by=None,
    )


def _default(param: Any) -> Any:
    return param["value"] if isinstance(param, dict) and "value" in param else param
