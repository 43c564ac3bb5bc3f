"""Health of the Execution API."""

from typing import Any

from fastapi import APIRouter

from fake_api.dependencies import everyone
from fake_api.outcome import Reply
from fake_api.routing import guarded_by

router = APIRouter(prefix="/health", tags=["Health"], route_class=guarded_by(everyone))


@router.get("", response_model=dict[str, Any])
async def health() -> Reply:
    """Say that the server is up."""
    return Reply(200, {"status": "healthy"})


@router.get("/ping")
async def ping() -> Reply:
    """Say which services of the server are up."""
    return Reply(200, {"ok": ["airflow.api_fastapi.auth.tokens.JWTValidator"], "failing": {}})
