"""Routes under /admin: seed, state, audit."""

import secrets
from dataclasses import asdict

from fastapi import APIRouter
from starlette.types import Scope

from fake_api.admin.documents import SeedDocument
from fake_api.admin.seeding import apply_seed, problems
from fake_api.auth import AuthError, bearer
from fake_api.dependencies import StateDep, state_of
from fake_api.outcome import Reply
from fake_api.routing import guarded_by, header
from fake_api.stored import dump
from fake_api.wire import InvalidRequestError


def _administrator(scope: Scope) -> None:
    token: str | None = scope["app"].state.admin_token
    if token is None:
        return
    state = state_of(scope)
    given = bearer(header(scope, b"authorization"))
    good = given is not None and secrets.compare_digest(given.encode(), token.encode())
    now, method, path = state.now(), scope["method"], scope["path"]
    if not good:
        state.audit.record(now, None, method, path, "denied", "not the admin token")
        raise AuthError(401, "Give the admin token as bearer token")
    state.audit.record(now, "admin", method, path, "allowed", "the admin token")


router = APIRouter(tags=["Admin"], route_class=guarded_by(_administrator))


@router.post("/seed", status_code=201)
async def seed(*, body: SeedDocument, state: StateDep) -> Reply:
    """Put all of a document into the state; 422 with the reasons, and nothing is changed, if that cannot be."""
    if found := problems(body, state):
        raise InvalidRequestError(found)
    return Reply(201, apply_seed(body, state).model_dump())


@router.get("/state")
async def get_state(*, state: StateDep) -> Reply:
    """Every table by name, as a list of its rows {"key", "row"}. Tokens and passwords are among them."""
    return Reply(200, dump(state))


@router.get("/audit")
async def get_audit(*, state: StateDep) -> Reply:
    """The latest decisions about calls, oldest first: at, who, method, path, decision, why."""
    return Reply(200, {"decisions": [asdict(each) for each in state.audit]})
