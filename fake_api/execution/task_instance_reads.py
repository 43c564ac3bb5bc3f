"""Routes under /task-instances that look at others: counts, states, what ran before, what to skip.

Airflow: execution_api/routes/task_instances.py and task_reschedules.py.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from fake_api import queries
from fake_api.database import refuse_compared
from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.answers import (
    InactiveAssetsResponse,
    PreviousTIResponse,
    PrevSuccessfulDagRunResponse,
    TaskBreadcrumbsResponse,
    TaskStatesResponse,
)
from fake_api.execution.documented import refusals, statuses
from fake_api.execution.payloads import TISkippedDownstreamTasksStatePayload, UtcDatetime
from fake_api.names import TaskInstanceState
from fake_api.outcome import NULL, Reply, refuse
from fake_api.routing import guarded_by
from fake_api.rows import TaskInstance, TaskKey
from fake_api.state import State
from fake_api.transitions.task_instances import NOT_FOUND
from fake_api.views import asset_profile, breadcrumb_view, previous_task_instance_view

own = guarded_by(execution_token(subject="task_instance_id"), "ti:self")
own_router = APIRouter(prefix="/task-instances", tags=["Task Instances"], route_class=own)
router = APIRouter(
    prefix="/task-instances", tags=["Task Instances"], route_class=guarded_by(execution_token())
)
reschedule_router = APIRouter(prefix="/task-reschedules", tags=["Task Reschedules"], route_class=own)

Texts = Annotated[list[str] | None, Query()]
Dates = Annotated[list[UtcDatetime] | None, Query()]
NO_DATES = dict.fromkeys(("data_interval_start", "data_interval_end", "start_date", "end_date"))


@own_router.patch("/{task_instance_id}/skip-downstream", status_code=204, responses=refusals(404, 422))
async def skip_downstream(
    *, task_instance_id: UUID, body: TISkippedDownstreamTasksStatePayload, state: StateDep
) -> Reply:
    """Skip tasks of the same run."""
    ti = state.task_instances.get(task_instance_id)
    names = [task if isinstance(task, tuple) else (task, -1) for task in body.tasks]
    keys = [TaskKey(ti.task.dag_id, name, ti.task.run_id, index) for name, index in names] if ti else []
    if keys:
        refuse_compared(state.settings.database, *(key.map_index for key in keys))
    found = [each for key in dict.fromkeys(keys) if (each := state.task_instances.find(key))]
    return state.apply(state.rules.skip_downstream(ti, downstream=found, now=state.now()))


@own_router.get(
    "/{task_instance_id}/previous-successful-dagrun",
    response_model=PrevSuccessfulDagRunResponse,
    responses=refusals(404),
)
async def previous_successful_dagrun(*, task_instance_id: UUID, state: StateDep) -> Reply:
    """Tell the dates of the last successful run before this one, nulls when there is none."""
    ti = state.task_instances.get(task_instance_id)
    date = state.dag_runs[ti.task.dag_id, ti.task.run_id].logical_date if ti else None
    if ti is None or date is None:
        return Reply(200, NO_DATES)
    for run in state.dag_runs.latest_first(ti.task.dag_id, before=date):
        if run.state == "success":
            return Reply(200, {name: getattr(run, name) for name in NO_DATES})
    return Reply(200, NO_DATES)


@own_router.get(
    "/{task_instance_id}/validate-inlets-and-outlets",
    response_model=InactiveAssetsResponse,
    responses=refusals(404),
)
async def validate_inlets_and_outlets(*, task_instance_id: UUID, state: StateDep) -> Reply:
    """List the task's inlets and outlets that are not active assets."""
    ti = state.task_instances.get(task_instance_id)
    if ti is None:
        return NOT_FOUND.reply
    inactive = queries.inactive_assets(state, ti.task)
    return Reply(200, {"inactive_assets": [asset_profile(key) for key in inactive]})


@router.get("/count", response_model=int)
async def count(
    *,
    dag_id: str,
    state: StateDep,
    map_index: Annotated[int | None, Query()] = None,
    task_ids: Texts = None,
    task_group_id: Annotated[str | None, Query()] = None,
    logical_dates: Dates = None,
    run_ids: Texts = None,
    states: Texts = None,
) -> Reply:
    """Count task instances. In a group without any, the group's id counts as a task's."""
    criteria = queries.Criteria(map_index, logical_dates, run_ids)
    if refused := _unknown_group(state, dag_id, task_group_id):
        return refused
    found = queries.find_task_instances(state, dag_id, criteria, task_ids=task_ids)
    if task_group_id:
        members = {_name(each) for each in queries.in_group(state, dag_id, criteria, task_group_id)}
        found = [each for each in found if _name(each) in (members or {(task_group_id, -1)})]
    return Reply(200, len(queries.in_states(found, states)))


@router.get("/states", response_model=TaskStatesResponse)
async def states(
    *,
    dag_id: str,
    state: StateDep,
    map_index: Annotated[int | None, Query()] = None,
    task_ids: Texts = None,
    task_group_id: Annotated[str | None, Query()] = None,
    logical_dates: Dates = None,
    run_ids: Texts = None,
) -> Reply:
    """Tell states by run and task. A group adds its tasks to `task_ids`, and stands alone without."""
    criteria = queries.Criteria(map_index, logical_dates, run_ids)
    if refused := _unknown_group(state, dag_id, task_group_id):
        return refused
    found = []
    if task_ids or not task_group_id:
        found += queries.find_task_instances(state, dag_id, criteria, task_ids=task_ids)
    if task_group_id:
        found += queries.in_group(state, dag_id, criteria, task_group_id)
    return Reply(200, {"task_states": queries.states_by_run(found)})


@router.get("/breadcrumbs", response_model=TaskBreadcrumbsResponse)
async def breadcrumbs(*, dag_id: str, run_id: str, state: StateDep) -> Reply:
    """Tell of the finished task instances of a run, in order."""
    finished = queries.finished_of_run(state, dag_id, run_id)
    return Reply(200, {"breadcrumbs": [breadcrumb_view(each) for each in finished]})


@router.get("/previous/{dag_id}/{task_id}", response_model=PreviousTIResponse | None)
async def previous(
    *,
    dag_id: str,
    task_id: str,
    stored: StateDep,
    logical_date: Annotated[UtcDatetime | None, Query()] = None,
    map_index: Annotated[int, Query()] = -1,
    state: Annotated[TaskInstanceState | None, Query()] = None,
) -> Reply:
    """Tell of the task's latest instance, before a date and in a state if those are given, or null."""
    earlier = stored.dag_runs.latest_first(dag_id, before=logical_date)
    for run in earlier if logical_date else queries.latest_first(stored, dag_id):
        ti = stored.task_instances.find(TaskKey(dag_id, task_id, run.run_id, map_index))
        if ti is not None and (state is None or ti.state == state):
            return Reply(200, previous_task_instance_view(ti, run))
    return NULL


@reschedule_router.get(
    "/{task_instance_id}/start_date", response_model=UtcDatetime | None, responses=statuses(401, 404)
)
async def reschedule_start_date(*, task_instance_id: UUID, state: StateDep) -> Reply:
    """Tell when a sensor first asked to be called again in this try, or null."""
    ti = state.task_instances.get(task_instance_id)
    first: datetime | None = ti.reschedules[0].start_date if ti and ti.reschedules else None
    return Reply(200, first)


def _unknown_group(state: State, dag_id: str, group: str | None) -> Reply | None:
    if not group:
        return None
    if dag_id not in state.dags:
        return refuse(404, reason="not_found", message=f"The Dag with ID: `{dag_id}` was not found").reply
    if not queries.has_group(state, dag_id, group):
        message = f"Task group {group} not found in DAG {dag_id}"
        return refuse(404, reason="not_found", message=message).reply
    return None


def _name(ti: TaskInstance) -> tuple[str, int]:
    return ti.task.task_id, ti.task.map_index
