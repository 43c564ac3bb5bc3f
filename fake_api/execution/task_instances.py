"""Routes under /task-instances of a task about itself: run, state, heartbeat, rendered fields."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import JsonValue

from fake_api.database import refuse_compared, refuse_json, refuse_rows, refuse_texts
from fake_api.dependencies import ClaimsDep, StateDep, execution_token
from fake_api.execution.answers import TIRunContext
from fake_api.execution.documented import refusals, statuses
from fake_api.execution.payloads import TIEnterRunningPayload, TIHeartbeatInfo, TIStateUpdate
from fake_api.outcome import NO_CONTENT, Outcome, Reply
from fake_api.queries import consumed_events, fail_fast_siblings
from fake_api.routing import guarded_by
from fake_api.transitions.dag_runs import database_refusal
from fake_api.transitions.task_instances import ARCHIVED, NOT_FOUND
from fake_api.transitions.task_states import Around
from fake_api.xcoms import XComTask

own = execution_token(subject="task_instance_id")
own_or_workload = execution_token(subject="task_instance_id", scopes=("execution", "workload"))
router = APIRouter(prefix="/task-instances", tags=["Task Instances"], route_class=guarded_by(own, "ti:self"))
run_router = APIRouter(
    prefix="/task-instances",
    tags=["Task Instances"],
    route_class=guarded_by(own_or_workload, "ti:self", "token:execution", "token:workload"),
)


class NoRenderedFieldsError(Exception):
    """Without rendered fields Airflow renders them itself, for which the server has no task: it answers 500."""


@router.put("/{task_instance_id}/heartbeat", status_code=204, responses=refusals(404, 409, 410, 422))
async def heartbeat(*, task_instance_id: UUID, body: TIHeartbeatInfo, state: StateDep) -> Reply:
    """Take a sign of life."""
    refuse_texts(state.settings.database, hostname=body.hostname)
    refuse_compared(state.settings.database, body.pid)
    ti = state.task_instances.get(task_instance_id)
    outcome = state.rules.heartbeat(
        ti,
        archived=task_instance_id in state.task_instances.history,
        hostname=body.hostname,
        pid=body.pid,
        now=state.now(),
    )
    return state.apply(outcome)


@run_router.patch(
    "/{task_instance_id}/run",
    response_model=TIRunContext,
    response_model_exclude_unset=True,
    responses=refusals(404, 409, 422),
)
async def run(
    *, task_instance_id: UUID, body: TIEnterRunningPayload, state: StateDep, claims: ClaimsDep
) -> Reply:
    """Start a task. A workload token is swapped for an execution token."""
    ti = state.task_instances.get(task_instance_id)
    now = state.now()
    task = ti.task if ti else None
    dag_run = state.dag_runs.get((task.dag_id, task.run_id)) if task else None
    outcome = state.rules.run(
        ti,
        dag_run=dag_run,
        consumed=consumed_events(state, dag_run),
        xcom_keys=(
            state.xcoms.keys(XComTask(task.dag_id, task.run_id, task.task_id), task.map_index) if task else ()
        ),
        hostname=body.hostname,
        unixname=body.unixname,
        pid=body.pid,
        start_date=body.start_date,
        now=now,
    )
    refuse_rows(state.settings.database, outcome)
    reply = state.apply(outcome)
    if reply.status != 200 or claims.scope != "workload":
        return reply
    token = state.tokens.mint(sub=str(task_instance_id), scope="execution", now=now)
    path = f"/execution/task-instances/{task_instance_id}/run"
    state.audit.record(now, claims.owner, "PATCH", path, "swapped", "an execution token for the workload's")
    return replace(reply, headers=((b"refreshed-api-token", token.encode()),))


@router.patch("/{task_instance_id}/state", status_code=204, responses=statuses(200, 404, 409, 422))
async def update_state(
    *, task_instance_id: UUID, body: Annotated[TIStateUpdate, Body()], state: StateDep
) -> Reply:
    """Move a running task instance on."""
    ti = state.task_instances.get(task_instance_id)
    dag_run = state.dag_runs.get((ti.task.dag_id, ti.task.run_id)) if ti else None
    around = Around(
        assets=state.assets,
        siblings=fail_fast_siblings(state, ti),
        partition_key=dag_run.partition_key if dag_run else None,
    )
    payload, now = body.model_dump(exclude_unset=True), state.now()
    try:
        outcome = state.rules.update_state(ti, payload=payload, now=now, new_id=state.new_id, around=around)
    except OverflowError:  # a timeout beyond all dates
        return database_refusal(500, "Database error", state.new_id()).reply
    refuse_rows(state.settings.database, outcome)
    return state.apply(outcome)


@router.put("/{task_instance_id}/rtif", status_code=201, responses=refusals(404, 410, 422))
async def put_rtif(
    *, task_instance_id: UUID, body: Annotated[dict[str, JsonValue], Body()], state: StateDep
) -> Reply:
    """Store rendered template fields, whatever the state of the task instance."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return (ARCHIVED if task_instance_id in state.task_instances.history else NOT_FOUND).reply
    if not body:
        raise NoRenderedFieldsError(f"no rendered fields for {ti.key}: send at least one")
    refuse_json(state.settings.database, body)
    state.rendered_fields[ti.task.primary] = body
    return Reply(201, {"message": "Rendered task instance fields successfully set"})


@router.patch("/{task_instance_id}/rendered-map-index", status_code=204, responses=refusals(404, 422))
async def patch_rendered_map_index(
    *, task_instance_id: UUID, rendered_map_index: Annotated[str, Body()], state: StateDep
) -> Reply:
    """Store the label of a mapped task instance."""
    if not rendered_map_index:
        return Reply(422, {"detail": "rendered_map_index cannot be empty"})
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return Reply(404, {"detail": "Task Instance not found"})
    outcome = Outcome(rows=(replace(ti, rendered_map_index=rendered_map_index),))
    refuse_rows(state.settings.database, outcome)
    state.apply(outcome)
    return NO_CONTENT
