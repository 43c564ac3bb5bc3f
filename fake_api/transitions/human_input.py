"""Human in the loop: a task asks, a human answers, the task goes on.

Airflow: execution_api/routes/hitl.py, core_api/routes/public/hitl.py and models/trigger.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from fake_api.encodings import newest_encoding
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, Reply, refuse, task_instance_moved
from fake_api.rows import TaskInstance
from fake_api.views import hitl_request_view, hitl_response_view, stored_datetime
from fake_api.waits import HitlDetail

NOT_FOUND = refuse(
    404,
    reason="not_found",
    message=(
        "HITLDetail not found. "
        "This happens most likely due to clearing task instance before receiving response."
    ),
)


def ask_human(ti: TaskInstance, *, question: HitlDetail) -> Outcome:
    """POST hitlDetails: 201 with the stored question. The first one stays; an answer to it is forgotten."""
    detail = ti.hitl or question
    if detail.responded_at is not None:
        detail = replace(detail, responded_at=None, responded_by=None, chosen_options=(), params_input={})
    reply = Reply(201, hitl_request_view(ti.id, detail))
    return Outcome(reply=reply, rows=(replace(ti, hitl=detail),))


def answer_human(
    ti: TaskInstance | None,
    *,
    chosen_options: Sequence[str],
    params_input: Mapping[str, Any],
    user: Mapping[str, str] | None,
    now: datetime,
) -> Outcome:
    """PATCH hitlDetails: 200 with the answer, 404 without a question, 409 when it was answered.

    With a `user` it is the human who answers: a task instance that waits for it goes on.
    """
    if ti is None or ti.hitl is None:
        return NOT_FOUND
    if ti.hitl.responded_at is not None:
        taken = f"Human-in-the-loop detail for Task Instance with id {ti.id} already exists."
        return Outcome(reply=Reply(409, {"detail": taken}))
    detail = replace(
        ti.hitl,
        responded_at=now,
        responded_by=user,
        chosen_options=tuple(chosen_options),
        params_input=params_input,
    )
    row = replace(ti, hitl=detail)
    reply = Reply(200, hitl_response_view(detail))
    if user is None or ti.state != TaskInstanceState.AWAITING_INPUT:
        return Outcome(reply=reply, rows=(row,))
    resumed = resume(row, event=answer_event(detail), now=now, cause="human response")
    return replace(resumed, reply=reply)


def read_answer(ti: TaskInstance | None) -> Outcome:
    """GET hitlDetails: 200 with the answer so far, 404 without a question."""
    if ti is None or ti.hitl is None:
        return NOT_FOUND
    return Outcome(reply=Reply(200, hitl_response_view(ti.hitl)))


def answer_event(detail: HitlDetail) -> dict[str, Any]:
    """The answer as the event that resumes a task (Airflow: HITLDetail.as_resume_event_payload)."""
    at = detail.responded_at
    return {
        "chosen_options": list(detail.chosen_options),
        "params_input": dict(detail.params_input),
        "responded_at": None if at is None else stored_datetime(at),
        "responded_by_user": detail.responded_by,
        "timedout": False,
    }


def resumed_row(ti: TaskInstance, event: Any) -> TaskInstance:
    """The row that goes on with its next method, which gets the event (Airflow: handle_event_submit)."""
    kwargs = newest_encoding(ti.next_kwargs or {}) | {"event": event}
    return replace(ti, state=TaskInstanceState.SCHEDULED, trigger=None, next_kwargs=kwargs)


def resume(ti: TaskInstance, *, event: Any, now: datetime, cause: str) -> Outcome:
    """A waiting task instance is scheduled again, in the same try."""
    row = resumed_row(ti, event)
    return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause=cause))
