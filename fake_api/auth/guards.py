"""Whether a call may pass, in Airflow's order of checks. Airflow: execution_api/security.py, edge3/worker_api/auth.py."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.auth.claims import Claims
from fake_api.auth.tokens import InvalidTokenError, Tokens


class AuthError(Exception):
    """The caller is not who it has to be. `status` is 401 without a token and 403 otherwise.

    `detail` is what the caller is told. `why` and `owner` are for the record: the reason, and whose the token
    is, None when its signature is not good.
    """

    def __init__(self, status: int, detail: str, *, why: str | None = None, owner: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.why = why or detail
        self.owner = owner


class BadSubjectError(Exception):
    """The token's `sub` is not the UUID it must be: Airflow answers 500."""


def bearer(authorization: str | None) -> str | None:
    """The token in a Bearer header, None without one or for another scheme."""
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def authorize_execution(
    tokens: Tokens,
    *,
    authorization: str | None,
    scopes: Collection[str],
    subject: str | None,
    subject_kind: str = "task instance",
    now: datetime,
) -> Claims:
    """Let a call to the Execution API pass, in Airflow's order of checks: token, scope, subject.

    `subject` is the id in the path, which is that of a `subject_kind`; None on routes any task may call.
    Raises AuthError, and BadSubjectError for a token whose `sub` is no UUID.
    """
    token = bearer(authorization)
    if token is None:
        raise AuthError(401, "Missing auth token")
    try:
        claims = tokens.execution(token, now)
    except InvalidTokenError as error:
        raise AuthError(403, "Invalid auth token", why=str(error), owner=error.owner) from None
    scope, owner = claims.scope, claims.owner
    if scope not in ("execution", "workload"):
        raise AuthError(403, _unknown_scope(scope), why="the token's scope is unknown", owner=owner)
    if owner is None:
        raise BadSubjectError(f"the token's sub is {claims.sub!r}: mint it with the id of a task instance")
    if scope not in scopes:
        allowed = ", ".join(sorted(scopes))
        detail = f"Token type '{scope}' not allowed for this endpoint. Allowed types: {allowed}"
        raise AuthError(403, detail, owner=owner)
    if subject is not None and subject != owner:
        raise AuthError(403, f"Token subject does not match {subject_kind} ID", owner=owner)
    return claims


def authorize_edge(
    tokens: Tokens, *, authorization: str, method: str, now: datetime, error_id: Callable[[], UUID]
) -> None:
    """Let an edge worker's call pass when its token was made for this path. Raises AuthError."""
    try:
        claims = tokens.edge(authorization, now)
        if not claims.method or claims.method != method:
            raise InvalidTokenError("the token was made for another path")
    except InvalidTokenError as error:
        raise AuthError(403, edge_refusal(error_id()), why=str(error)) from None


def edge_refusal(error_id: UUID) -> str:
    """What an edge worker is told, whatever is wrong with its token."""
    return f"Forbidden. The server side traceback may be identified with error_id={error_id}"


def _unknown_scope(scope: Any) -> str:
    return (
        "Invalid auth token: 1 validation error for TIClaims\nscope\n"
        f"  Input should be 'execution' or 'workload' [type=literal_error, input_value={scope!r}, "
        f"input_type={type(scope).__name__}]\n"
        "    For further information visit https://errors.pydantic.dev/2.14/v/literal_error"
    )
