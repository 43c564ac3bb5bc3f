"""What an endpoint may ask for besides its parameters, and the guards in front of it."""

from collections.abc import Collection
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from fake_api.auth import AuthError, BadSubjectError, Claims
from fake_api.routing import STATE, Authorize, header
from fake_api.state import State
from fake_api.wire import InvalidRequestError

EDGE_PREFIX = "/edge_worker/v1/"
#: Where a request carries the verified token of its caller.
CLAIMS = "fake_api.claims"


async def current_state(request: Request) -> State:
    """The state this request is about."""
    return state_of(request.scope)


async def current_claims(request: Request) -> Claims:
    """The verified token of the caller."""
    claims: Claims = request.scope[CLAIMS]
    return claims


StateDep = Annotated[State, Depends(current_state)]
ClaimsDep = Annotated[Claims, Depends(current_claims)]


def state_of(scope: Scope) -> State:
    """The state this request is about."""
    state: State = scope[STATE]
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
    why = "an execution token" if subject is None else f"a token of this {subject_kind}"

    def authorize(scope: Scope) -> None:
        state = state_of(scope)
        now = state.now()
        method, path, record = scope["method"], scope["path"], state.audit.record
        try:
            claims = scope[CLAIMS] = state.rules.authorize_execution(
                state.tokens,
                authorization=header(scope, b"authorization"),
                scopes=scopes,
                subject=scope["path_params"][subject] if subject else None,
                subject_kind=subject_kind,
                now=now,
            )
        except AuthError as error:
            record(now, error.owner, method, path, "denied", error.why)
            raise
        except BadSubjectError:
            record(now, None, method, path, "denied", "the token's sub is no UUID")
            raise
        record(now, claims.owner, method, path, "allowed", why)

    return authorize


def edge_token(scope: Scope) -> None:
    """A guard that wants a token an edge worker made for exactly this path."""
    state = state_of(scope)
    now = state.now()
    method, path, record = scope["method"], scope["path"], state.audit.record
    authorization = header(scope, b"authorization")
    if authorization is None:
        record(now, None, method, path, "denied", "no authorization header")
        loc = ["header", "authorization"]
        raise InvalidRequestError([{"type": "missing", "loc": loc, "msg": "Field required", "input": None}])
    # Airflow takes the decoded path for a URL again, so a name ends at a question mark
    named = urlsplit(f"http://airflow{path}").path.partition(EDGE_PREFIX)[2]
    try:
        if state.worker_identities is None:
            state.rules.authorize_edge(
                state.tokens, authorization=authorization, method=named, now=now, error_id=state.new_id
            )
            who, why = "edge worker", "a token for this path"
        else:
            sub = state.worker_identities.authorize(
                authorization=authorization, method=named, now=now, error_id=state.new_id
            )
            who, why = sub or "edge worker", "a token of the identity provider"
    except AuthError as error:
        record(now, error.owner, method, path, "denied", error.why)
        raise
    record(now, who, method, path, "allowed", why)
