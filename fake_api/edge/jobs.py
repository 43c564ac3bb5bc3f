"""Routes under /jobs: fetch one, report on one."""

from fastapi import APIRouter

from fake_api.dependencies import StateDep, edge_token
from fake_api.edge.payloads import JobStateBody, WorkerQueuesBody
from fake_api.names import TaskInstanceState
from fake_api.outcome import Reply
from fake_api.routing import guarded_by
from fake_api.rows import JobKey

router = APIRouter(prefix="/jobs", tags=["Jobs"], route_class=guarded_by(edge_token))


@router.post("/fetch/{worker_name}")
async def fetch(*, worker_name: str, body: WorkerQueuesBody, state: StateDep) -> Reply:
    """Hand out a job, or null."""
    outcome = state.rules.fetch_job(
        state.edge_workers.get(worker_name),
        jobs=state.edge_jobs.queued(body.queues),
        free_concurrency=body.free_concurrency,
        now=state.now(),
    )
    return state.apply(outcome)


@router.patch("/state/{dag_id}/{task_id}/{run_id}/{try_number}/{map_index}/{state}")
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
    """Take a worker's word on a job. Jobs are stored without a UUID here, so a report with one fits none."""
    key = JobKey(dag_id, task_id, run_id, map_index, try_number)
    job = None if body and body.task_instance_id else stored.edge_jobs.get(key)
    return stored.apply(stored.rules.set_job_state(job, state=state, now=stored.now()))
