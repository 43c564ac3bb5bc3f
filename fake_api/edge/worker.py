"""Routes under /worker: register, heartbeat, queues."""

from fastapi import APIRouter

from fake_api.dependencies import StateDep, edge_token
from fake_api.edge.payloads import WorkerQueueUpdateBody, WorkerStateBody
from fake_api.outcome import Reply
from fake_api.routing import guarded_by

router = APIRouter(prefix="/worker", tags=["Worker"], route_class=guarded_by(edge_token))

#: The width of the column that holds a worker's name.
WORKER_NAME_MAX_LENGTH = 64


class NameTooLongError(Exception):
    """The database refuses the name: Airflow answers 500."""


@router.patch("/{worker_name}")
async def set_state(*, worker_name: str, body: WorkerStateBody, state: StateDep) -> Reply:
    """Take a worker's heartbeat and tell it what it should be."""
    outcome = state.rules.set_worker_state(
        state.edge_workers.get(worker_name), body=body.__dict__, settings=state.settings, now=state.now()
    )
    return state.apply(outcome)


@router.post("/{worker_name}")
async def register(*, worker_name: str, body: WorkerStateBody, state: StateDep) -> Reply:
    """Register a worker. Raises NameTooLongError."""
    if len(worker_name) > WORKER_NAME_MAX_LENGTH:
        raise NameTooLongError(
            f"{worker_name!r} has more than {WORKER_NAME_MAX_LENGTH} characters: shorten it"
        )
    outcome = state.rules.register_worker(
        state.edge_workers.get(worker_name),
        worker_name=worker_name,
        body=body.__dict__,
        settings=state.settings,
        now=state.now(),
    )
    return state.apply(outcome)


@router.patch("/queues/{worker_name}")
async def update_queues(*, worker_name: str, body: WorkerQueueUpdateBody, state: StateDep) -> Reply:
    """Change the queues a worker takes jobs from."""
    outcome = state.rules.update_queues(
        state.edge_workers.get(worker_name), new_queues=body.new_queues, remove_queues=body.remove_queues
    )
    return state.apply(outcome)
