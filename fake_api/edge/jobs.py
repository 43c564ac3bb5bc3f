"""Routes under /jobs: fetch one, report on one."""

import asyncio

from fastapi import APIRouter

from fake_api.database import refuse_compared
from fake_api.dependencies import StateDep, edge_token
from fake_api.edge.answers import EdgeJobFetched
from fake_api.edge.documented import TOKEN, refusals
from fake_api.edge.payloads import JobStateBody, WorkerQueuesBody
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, Reply
from fake_api.routing import guarded_by
from fake_api.rows import EdgeJob, JobKey
from fake_api.state import State

router = APIRouter(prefix="/v1/jobs", tags=["Jobs"], route_class=guarded_by(edge_token))


@router.post(
    "/fetch/{worker_name}",
    response_model=EdgeJobFetched | None,
    responses=refusals(400, 403, 404, 409),
    openapi_extra=TOKEN,
)
async def fetch(*, worker_name: str, body: WorkerQueuesBody, state: StateDep) -> Reply:
    """Hand out a job, or null. Raises StaleJobError and DriverError."""
    refuse_compared(state.settings.database, body.free_concurrency)
    outcome = state.rules.fetch_job(
        state.edge_workers.get(worker_name),
        jobs=state.edge_jobs.queued(body.queues),
        free_concurrency=body.free_concurrency,
        supports_task_instance_uuid=body.supports_task_instance_uuid,
        now=state.now(),
    )
    if outcome.rows and state.settings.database == "sqlite":
        outcome = await _unlocked(state, outcome)
    return state.apply(outcome)


async def _unlocked(state: State, fetched: Outcome) -> Outcome:
    """Nothing holds the row between SELECT and UPDATE: whoever fetches meanwhile is handed the same job."""
    (job,) = [row for row in fetched.rows if isinstance(row, EdgeJob)]
    await asyncio.sleep(state.settings.sqlite_fetch_gap)
    return state.rules.claim_late(fetched, current=state.edge_jobs.get(job.key), now=state.now())


@router.patch(
    "/state/{dag_id}/{task_id}/{run_id}/{try_number}/{map_index}/{state}",
    responses=refusals(400, 403),
    openapi_extra=TOKEN,
)
async def set_job_state(
    *,
    dag_id: str,
    task_id: str,
    run_id: str,
    try_number: int,
    map_index: int,
    state: TaskInstanceState,
    stored: StateDep,
    body: JobStateBody | None = None,
) -> Reply:
    """Take a worker's word on a job. One that names another task instance, or none, fits no job.

    Raises DriverError.
    """
    refuse_compared(stored.settings.database, try_number, map_index)
    named = str(body.task_instance_id) if body and body.task_instance_id else ""
    job = stored.edge_jobs.get(JobKey(dag_id, task_id, run_id, map_index, try_number))
    if job is not None and job.task_instance_id != named:
        job = None
    return stored.apply(stored.rules.set_job_state(job, state=state, now=stored.now()))
