"""Routes under /hitlDetails: a task asks a human (Airflow: execution_api/routes/hitl.py)."""

from uuid import UUID

from fastapi import APIRouter

from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.content_answers import HITLDetailResponse
from fake_api.execution.content_payloads import HITLDetailRequest, UpdateHITLDetailPayload
from fake_api.execution.xcoms import ForeignKeyError
from fake_api.outcome import Reply
from fake_api.routing import guarded_by
from fake_api.transitions.human_input import read_answer
from fake_api.waits import HitlDetail

own = guarded_by(execution_token(subject="task_instance_id"), "ti:self")
router = APIRouter(prefix="/hitlDetails", tags=["Human in the Loop"], route_class=own)


@router.post("/{task_instance_id}", status_code=201, response_model=HITLDetailRequest)
async def ask(*, task_instance_id: UUID, body: HITLDetailRequest, state: StateDep) -> Reply:
    """Ask, or ask again. Raises ForeignKeyError for a task instance that does not exist."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        raise ForeignKeyError(f"no task instance {task_instance_id}: a retry or a clearing renamed it")
    question = HitlDetail(
        options=tuple(body.options),
        subject=body.subject,
        body=body.body,
        defaults=None if body.defaults is None else tuple(body.defaults),
        multiple=body.multiple,
        params=body.params,
        assigned_users=tuple(user.model_dump() for user in body.assigned_users),
    )
    return state.apply(state.rules.ask_human(ti, question=question))


@router.patch("/{task_instance_id}", response_model=HITLDetailResponse)
async def answer(*, task_instance_id: UUID, body: UpdateHITLDetailPayload, state: StateDep) -> Reply:
    """Answer for the human, as a task does with its defaults. It wakes nobody."""
    outcome = state.rules.answer_human(
        state.task_instances.get(task_instance_id),
        chosen_options=body.chosen_options,
        params_input=body.params_input,
        user=None,
        now=state.now(),
    )
    return state.apply(outcome)


@router.get("/{task_instance_id}", response_model=HITLDetailResponse)
async def get_answer(*, task_instance_id: UUID, state: StateDep) -> Reply:
    """Get the answer so far."""
    return read_answer(state.task_instances.get(task_instance_id)).reply
