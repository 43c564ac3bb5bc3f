"""Routes under /ui: what an administrator sees of edge workers and jobs, and does to workers.

Airflow calls them unstable: they are what its own pages call. Anybody who may look may also change: they ask for
access to a view, which the default auth manager gives to viewers.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from fake_api.dependencies import StateDep
from fake_api.edge.answers import JobCollectionResponse, WorkerCollectionResponse
from fake_api.edge.columns import store
from fake_api.edge.documented import LOGIN
from fake_api.edge.guards import UserDep, user_token
from fake_api.edge.patterns import contains, serves
from fake_api.edge.payloads import ConcurrencyRequest, MaintenanceRequest
from fake_api.edge.views import job_view, worker_view
from fake_api.names import EdgeWorkerState, TaskInstanceState
from fake_api.outcome import Reply
from fake_api.routing import guarded_by
from fake_api.state import State
from fake_api.transitions import Rule

router = APIRouter(prefix="/ui", tags=["UI"], route_class=guarded_by(user_token))


@router.get("/worker", response_model=WorkerCollectionResponse, openapi_extra=LOGIN)
async def worker(
    *,
    state: StateDep,
    worker_name_pattern: str | None = None,
    queue_name_pattern: str | None = None,
    states: Annotated[list[EdgeWorkerState] | None, Query(alias="state")] = None,
) -> Reply:
    """List workers by name."""
    found = [
        worker_view(each)
        for _, each in sorted(state.edge_workers.items())
        if contains(each.worker_name, worker_name_pattern)
        and serves(each.queues, queue_name_pattern)
        and (not states or each.state in states)
    ]
    return Reply(200, {"workers": found, "total_entries": len(found)})


@router.get("/jobs", response_model=JobCollectionResponse, openapi_extra=LOGIN)
async def jobs(
    *,
    state: StateDep,
    dag_id_pattern: str | None = None,
    run_id_pattern: str | None = None,
    task_id_pattern: str | None = None,
    states: Annotated[list[TaskInstanceState] | None, Query(alias="state")] = None,
    queue_pattern: str | None = None,
    worker_name_pattern: str | None = None,
) -> Reply:
    """List jobs, the oldest first."""
    found = [
        job_view(each)
        for each in sorted(state.edge_jobs, key=lambda job: job.queued_dttm)
        if contains(each.key.dag_id, dag_id_pattern)
        and contains(each.key.run_id, run_id_pattern)
        and contains(each.key.task_id, task_id_pattern)
        and (not states or each.state in states)
        and contains(each.queue, queue_pattern)
        and contains(each.edge_worker, worker_name_pattern)
    ]
    return Reply(200, {"jobs": found, "total_entries": len(found)})


@router.post("/worker/{worker_name}/maintenance", openapi_extra=LOGIN)
async def request_worker_maintenance(
    *, worker_name: str, maintenance_request: MaintenanceRequest, state: StateDep, user: UserDep
) -> Reply:
    """Ask a worker to go into maintenance."""
    comment = maintenance_request.maintenance_comment
    rule = state.rules.request_maintenance
    return _apply(state, rule, worker_name, comment=comment, user=user, now=state.now())


@router.patch("/worker/{worker_name}/maintenance", openapi_extra=LOGIN)
async def update_worker_maintenance(
    *, worker_name: str, maintenance_request: MaintenanceRequest, state: StateDep, user: UserDep
) -> Reply:
    """Say more about a maintenance."""
    comment = maintenance_request.maintenance_comment
    rule = state.rules.change_maintenance_comment
    return _apply(state, rule, worker_name, comment=comment, user=user, now=state.now())


@router.delete("/worker/{worker_name}/maintenance", openapi_extra=LOGIN)
async def exit_worker_maintenance(*, worker_name: str, state: StateDep) -> Reply:
    """Ask a worker to work again."""
    return _apply(state, state.rules.exit_maintenance, worker_name, now=state.now())


@router.post("/worker/{worker_name}/shutdown", openapi_extra=LOGIN)
async def request_worker_shutdown(*, worker_name: str, state: StateDep) -> Reply:
    """Ask a worker to finish its tasks and leave."""
    return _apply(state, state.rules.request_shutdown, worker_name, now=state.now())


@router.delete("/worker/{worker_name}", openapi_extra=LOGIN)
async def delete_worker(*, worker_name: str, state: StateDep) -> Reply:
    """Forget a worker that has left."""
    return _apply(state, state.rules.remove_worker, worker_name, now=state.now())


@router.put("/worker/{worker_name}/queues/{queue_name}", openapi_extra=LOGIN)
async def add_worker_queue(*, worker_name: str, queue_name: str, state: StateDep) -> Reply:
    """Let a worker take jobs from one more queue."""
    return _apply(state, state.rules.add_worker_queues, worker_name, queues=[queue_name])


@router.delete("/worker/{worker_name}/queues/{queue_name}", openapi_extra=LOGIN)
async def remove_worker_queue(*, worker_name: str, queue_name: str, state: StateDep) -> Reply:
    """Take a queue from a worker."""
    return _apply(state, state.rules.remove_worker_queues, worker_name, queues=[queue_name])


@router.patch("/worker/{worker_name}/concurrency", openapi_extra=LOGIN)
async def set_worker_concurrency_limit(
    *, worker_name: str, concurrency_request: ConcurrencyRequest, state: StateDep
) -> Reply:
    """Say how many tasks a worker may run at once."""
    concurrency = concurrency_request.concurrency
    return _apply(state, state.rules.set_worker_concurrency, worker_name, concurrency=concurrency)


def _apply(state: State, rule: Rule, worker_name: str, **wish: Any) -> Reply:
    """Apply a rule to a worker. Raises RefusedByDatabaseError."""
    found = state.edge_workers.get(worker_name)
    if found is None:
        return Reply(404, {"detail": f"Worker {worker_name} not found"})
    return store(state, rule(found, **wish))
