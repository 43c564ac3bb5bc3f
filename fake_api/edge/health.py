"""Health of the Edge worker API."""

from fastapi import APIRouter

from fake_api.dependencies import everyone
from fake_api.outcome import Reply
from fake_api.routing import guarded_by

router = APIRouter(tags=["Monitor"], route_class=guarded_by(everyone))


@router.get("/health")
async def health() -> Reply:
    """Say that the server is up."""
    return Reply(200, {"status": "healthy"})
