"""The guard in front of the administrators' routes."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from fake_api.auth.guards import AuthError
from fake_api.auth.users import User, authorize_user
from fake_api.dependencies import state_of
from fake_api.routing import header

_USER = "fake_api.user"


def user_token(scope: Scope) -> None:
    """A guard that wants a person's token, as the public API does. Each decision is recorded."""
    state = state_of(scope)
    now = state.now()
    method, path, record = scope["method"], scope["path"], state.audit.record
    try:
        user = scope[_USER] = authorize_user(
            state.tokens,
            state.settings,
            authorization=header(scope, b"authorization"),
            cookie=header(scope, b"cookie"),
            now=now,
        )
    except AuthError as error:
        record(now, error.owner, method, path, "denied", error.why)
        raise
    record(now, user.name, method, path, "allowed", f"a person with role {user.role}")


async def current_user(request: Request) -> str:
    """The name of the person who calls."""
    user: User = request.scope[_USER]
    return user.name


UserDep = Annotated[str, Depends(current_user)]
