"""New tokens on the way out. Airflow: JWTReissueMiddleware in execution_api/app.py."""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from fake_api.auth.audit import Audit
from fake_api.auth.guards import bearer
from fake_api.auth.tokens import InvalidTokenError, Tokens


def reissued(
    tokens: Tokens, audit: Audit, scope: MutableMapping[str, Any], authorization: bytes | None, now: datetime
) -> str | None:
    """The token a response carries, whatever its status: None while the caller's is good for long, or is not good.

    A workload token is never refreshed here: run swaps it.
    """
    token = bearer(authorization.decode("latin-1") if authorization else None)
    if token is None:
        return None
    try:
        claims = tokens.execution(token, now)
    except InvalidTokenError:
        return None
    if claims.scope == "workload" or not claims.refresh_due_at(now.timestamp()):
        return None
    audit.record(now, claims.owner, scope["method"], scope["path"], "refreshed", "the token is near its end")
    return tokens.refreshed(claims, now)
