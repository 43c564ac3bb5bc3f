"""Routes under /connections (Airflow: execution_api/routes/connections.py)."""

from typing import Annotated

from fastapi import APIRouter, Path

from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.content_answers import ConnectionResponse
from fake_api.execution.documented import statuses
from fake_api.outcome import Reply
from fake_api.routing import guarded_by
from fake_api.views import connection_view

router = APIRouter(prefix="/connections", tags=["Connections"], route_class=guarded_by(execution_token()))


@router.get("/{connection_id}", response_model=ConnectionResponse, responses=statuses(401, 403, 404))
async def get_connection(*, connection_id: Annotated[str, Path(min_length=1)], state: StateDep) -> Reply:
    """Get a connection with its secrets."""
    connection = state.connections.get(connection_id)
    if connection is None:
        message = f"Connection with ID {connection_id} not found"
        return Reply(404, {"detail": {"reason": "not_found", "message": message}})
    return Reply(200, connection_view(connection))
