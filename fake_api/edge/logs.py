"""Routes under /logs. Chunks are kept in memory instead of a file."""

from uuid import UUID

from fastapi import APIRouter

from fake_api.dependencies import StateDep, edge_token
from fake_api.edge.columns import in_utc, refuse_text
from fake_api.edge.documented import TOKEN, refusals
from fake_api.edge.payloads import PushLogsBody
from fake_api.outcome import NULL, Reply
from fake_api.routing import guarded_by
from fake_api.rows import JobKey
from fake_api.state import State
from fake_api.transitions.scheduling import log_path

router = APIRouter(
    prefix="/v1/logs",
    tags=["Logs"],
    route_class=guarded_by(edge_token),
    responses=refusals(400, 403),
)


class UnknownTaskInstanceError(Exception):
    """There is no such task instance: Airflow answers 500."""


class DuplicateLogChunkError(Exception):
    """A chunk with this time was pushed already: the database refuses it, Airflow answers 500."""


@router.get(
    "/logfile_path/{dag_id}/{task_id}/{run_id}/{try_number}/{map_index}",
    response_model=str,
    openapi_extra=TOKEN,
)
async def logfile_path(
    *,
    dag_id: str,
    task_id: str,
    run_id: str,
    try_number: int,
    map_index: int,
    state: StateDep,
    task_instance_id: UUID | None = None,
) -> Reply:
    """Say where a try's log lies. Raises UnknownTaskInstanceError."""
    key = JobKey(dag_id, task_id, run_id, map_index, try_number)
    return Reply(200, _path(state, key, task_instance_id))


@router.post("/push/{dag_id}/{task_id}/{run_id}/{try_number}/{map_index}", openapi_extra=TOKEN)
async def push_logs(
    *,
    dag_id: str,
    task_id: str,
    run_id: str,
    try_number: int,
    map_index: int,
    body: PushLogsBody,
    state: StateDep,
) -> Reply:
    """Keep a piece of a try's log.

    Raises UnknownTaskInstanceError, DuplicateLogChunkError and RefusedByDatabaseError.
    """
    key = JobKey(dag_id, task_id, run_id, map_index, try_number)
    _path(state, key, body.task_instance_id)
    refuse_text(state.settings.database, "log_chunk_data", body.log_chunk_data)
    at = in_utc("log_chunk_time", body.log_chunk_time)
    if at in state.edge_logs.get(key, {}):
        raise DuplicateLogChunkError(f"{key} has a chunk of {at} already: send another time")
    state.keep_log(key, at=at, text=body.log_chunk_data)
    return NULL


def _path(state: State, key: JobKey, task_instance_id: UUID | None) -> str:
    """By the id the worker or the job names, else by the key, whatever try that names."""
    job = state.edge_jobs.get(key)
    if task_instance_id is None and job is not None and job.task_instance_id:
        task_instance_id = UUID(job.task_instance_id)
    instances = state.task_instances
    ti = instances.get(task_instance_id) if task_instance_id else instances.find(key.primary)
    if ti is None:
        raise UnknownTaskInstanceError(
            f"no task instance {key.primary}: submit it before its log is asked for"
        )
    return log_path(ti, try_number=key.try_number)
