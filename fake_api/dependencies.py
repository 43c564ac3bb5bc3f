"""What an endpoint may ask for besides its parameters, and the guards in front of it."""

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from fake_api.auth import Claims, authorize_edge, authorize_execution
from fake_api.routing import Authorize, header
from fake_api.state import State
from fake_api.wire import InvalidRequestError

EDGE_PREFIX = "/edge_worker/v1/"


def current_state(request: Request) -> State:
    """The state behind the app that serves this request."""
    return state_of(request.scope)


def current_claims(request: Request) -> Claims:
    """The verified token of the caller."""
    claims: Claims = request.scope["fake_api.claims"]
    return claims


StateDep = Annotated[State, Depends(current_state)]
ClaimsDep = Annotated[Claims, Depends(current_claims)]


def state_of(scope: Scope) -> State:
    """The state behind the app that serves this request."""
    state: State = scope["app"].state.fake
    return state


def everyone(scope: Scope) -> None:
    """No token needed."""


def execution_token(
    *,
    scopes: Collection[str] = ("execution",),
    subject: str | None = None,
    subject_kind: str = "task instance",
) -> Authorize:
    """A guard that wants a token of one of these scopes, minted for the id in path parameter `subject`."""

    def authorize(scope: Scope) -> None:
        state = state_of(scope)
        scope["fake_api.claims"] = authorize_execution(
            state.tokens,
            authorization=header(scope, b"authorization"),
            scopes=scopes,
            subject=scope["path_params"][subject] if subject else None,
            subject_kind=subject_kind,
            now=state.now(),
        )

    return authorize


def edge_token(scope: Scope) -> None:
    """A guard that wants a token an edge worker made for exactly this path."""
    state = state_of(scope)
    authorization = header(scope, b"authorization")
    if authorization is None:
        loc = ["header", "authorization"]
        raise InvalidRequestError([{"type": "missing", "loc": loc, "msg": "Field required", "input": None}])
    method = scope["path"].partition(EDGE_PREFIX)[2]
    authorize_edge(
        state.tokens, authorization=authorization, method=method, now=state.now(), error_id=state.new_id
    )
