"""Health of the Edge worker API."""

from fastapi import APIRouter

from fake_api.dependencies import everyone
from fake_api.outcome import Reply
from fake_api.routing import guarded_by

router = APIRouter(prefix="/v1", tags=["Monitor"], route_class=guarded_by(everyone))


@router.get("/health", response_model=dict[str, str])
async def health() -> Reply:
    """Say that the server is up."""
    return Reply(200, {"status": "healthy"})
