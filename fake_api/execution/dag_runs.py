"""Routes under /dag-runs and /dags (Airflow: execution_api/routes/dag_runs.py, dags.py)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from fake_api.database import refuse_rows
from fake_api.dependencies import ClaimsDep, StateDep, execution_token
from fake_api.execution.answers import DagResponse, DagRun, DagRunState, DagRunStateResponse
from fake_api.execution.content_payloads import TriggerDAGRunPayload
from fake_api.execution.documented import statuses
from fake_api.execution.payloads import UtcDatetime
from fake_api.outcome import NULL, Reply, refuse
from fake_api.queries import of_run
from fake_api.routing import guarded_by
from fake_api.state import State
from fake_api.transitions.dag_runs import asked_run
from fake_api.views import dag_run_view, dag_view

guarded = guarded_by(execution_token())
router = APIRouter(prefix="/dag-runs", tags=["Dag Runs"], route_class=guarded)
dags_router = APIRouter(prefix="/dags", tags=["Dags"], route_class=guarded)

Texts = Annotated[list[str] | None, Query()]
#: Of a Dag that does not exist: no run is made of it.
NO_VERSION = UUID(int=0)


@dags_router.get("/{dag_id}", response_model=DagResponse, responses=statuses(404))
async def get_dag(*, dag_id: str, state: StateDep) -> Reply:
    """Get a Dag."""
    dag = state.dags.get(dag_id)
    if dag is None:
        message = f"The Dag with dag_id: `{dag_id}` was not found"
        return refuse(404, reason="not_found", message=message).reply
    return Reply(200, dag_view(dag))


@router.get("/count", response_model=int)
async def count(
    *,
    dag_id: str,
    state: StateDep,
    logical_dates: Annotated[list[UtcDatetime] | None, Query()] = None,
    run_ids: Texts = None,
    states: Texts = None,
) -> Reply:
    """Count the runs of a Dag that fit every criterion given."""
    found = [
        run
        for run in state.dag_runs
        if run.dag_id == dag_id
        and (not logical_dates or run.logical_date in logical_dates)
        and (not run_ids or run.run_id in run_ids)
        and (not states or run.state in states)
    ]
    return Reply(200, len(found))


@router.get("/previous", response_model=DagRun | None)
async def previous(
    *,
    dag_id: str,
    logical_date: UtcDatetime,
    stored: StateDep,
    state: Annotated[DagRunState | None, Query()] = None,
) -> Reply:
    """Get the latest run before a date, in a state if one is given, or null."""
    for run in stored.dag_runs.latest_first(dag_id, before=logical_date):
        if state is None or run.state == state:
            return Reply(200, dag_run_view(run))
    return NULL


@router.get("/{dag_id}/{run_id}", response_model=DagRun, responses=statuses(404))
async def get_dag_run(*, dag_id: str, run_id: str, state: StateDep) -> Reply:
    """Get a run."""
    run = state.dag_runs.get((dag_id, run_id))
    return _not_found(dag_id, run_id) if run is None else Reply(200, dag_run_view(run))


@router.get("/{dag_id}/{run_id}/state", response_model=DagRunStateResponse, responses=statuses(404))
async def get_dag_run_state(*, dag_id: str, run_id: str, state: StateDep) -> Reply:
    """Get the state of a run."""
    run = state.dag_runs.get((dag_id, run_id))
    return _not_found(dag_id, run_id) if run is None else Reply(200, {"state": run.state})


@router.post("/{dag_id}/{run_id}", status_code=204, responses=statuses(400, 404, 409, 422))
async def trigger(
    *, dag_id: str, run_id: str, body: TriggerDAGRunPayload, state: StateDep, claims: ClaimsDep
) -> Reply:
    """Make a run in the name of whoever triggered the caller's own."""
    dag = state.dags.get(dag_id)
    run = asked_run(
        dag_id,
        run_id,
        asked=body.model_dump(),
        user=_triggering_user(state, claims.owner),
        dag_version_id=state.dag_version(dag_id) if dag else NO_VERSION,
        now=state.now(),
    )
    dates = (each for each in state.dag_runs if each.dag_id == dag_id and each.logical_date)
    outcome = state.rules.trigger_dag_run(
        dag,
        run=run,
        existing=state.dag_runs.get((dag_id, run_id)),
        same_date=next((each for each in dates if each.logical_date == run.logical_date), None),
        new_id=state.new_id,
    )
    refuse_rows(state.settings.database, outcome)
    return state.apply(outcome)


@router.post("/{dag_id}/{run_id}/clear", status_code=204, responses=statuses(400, 404, 422))
async def clear(*, dag_id: str, run_id: str, state: StateDep) -> Reply:
    """Let a run and all of its task instances start over."""
    instances = of_run(state, dag_id, run_id)
    outcome = state.rules.clear_dag_run(
        state.dags.get(dag_id),
        run=state.dag_runs.get((dag_id, run_id)),
        dag_id=dag_id,
        run_id=run_id,
        tasks=len(instances),
    )
    reply = state.apply(outcome)
    for ti in instances if reply.status == 204 else ():
        state.clear(ti.id, with_run=False)
    return reply


def _triggering_user(state: State, owner: str | None) -> str | None:
    parent = state.task_instances.get(UUID(owner)) if owner else None
    if parent is None:
        return None
    return state.dag_runs[parent.task.dag_id, parent.task.run_id].triggering_user_name


def _not_found(dag_id: str, run_id: str) -> Reply:
    message = f"Dag run with dag_id '{dag_id}' and run_id '{run_id}' was not found"
    return refuse(404, reason="not_found", message=message).reply
