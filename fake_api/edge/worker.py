"""Routes under /worker: register, heartbeat, queues."""

from fastapi import APIRouter

from fake_api.dependencies import StateDep, edge_token
from fake_api.edge.answers import WorkerRegistrationReturn, WorkerSetStateReturn
from fake_api.edge.columns import store
from fake_api.edge.documented import TOKEN, refusals
from fake_api.edge.payloads import WorkerQueueUpdateBody, WorkerStateBody
from fake_api.outcome import Reply
from fake_api.routing import guarded_by

router = APIRouter(
    prefix="/v1/worker",
    tags=["Worker"],
    route_class=guarded_by(edge_token),
    responses=refusals(400, 403, 409),
)


@router.patch("/{worker_name}", response_model=WorkerSetStateReturn, openapi_extra=TOKEN)
async def set_state(*, worker_name: str, body: WorkerStateBody, state: StateDep) -> Reply:
    """Take a worker's heartbeat and tell it what it should be. Raises RefusedByDatabaseError."""
    outcome = state.rules.set_worker_state(
        state.edge_workers.get(worker_name), body=body.__dict__, settings=state.settings, now=state.now()
    )
    return store(state, outcome)


@router.post("/{worker_name}", response_model=WorkerRegistrationReturn, openapi_extra=TOKEN)
async def register(*, worker_name: str, body: WorkerStateBody, state: StateDep) -> Reply:
    """Register a worker. Raises RefusedByDatabaseError."""
    outcome = state.rules.register_worker(
        state.edge_workers.get(worker_name),
        worker_name=worker_name,
        body=body.__dict__,
        settings=state.settings,
        now=state.now(),
    )
    return store(state, outcome)


@router.patch("/queues/{worker_name}", openapi_extra=TOKEN)
async def update_queues(*, worker_name: str, body: WorkerQueueUpdateBody, state: StateDep) -> Reply:
    """Change the queues a worker takes jobs from. Raises RefusedByDatabaseError."""
    outcome = state.rules.update_queues(
        state.edge_workers.get(worker_name), new_queues=body.new_queues, remove_queues=body.remove_queues
    )
    return store(state, outcome)
