"""Tokens that a load generator makes itself, where it has the server's signing key."""

from __future__ import annotations

import time
from uuid import uuid4

import jwt

ALGORITHM, AUDIENCE_OF_TASKS = "HS512", "urn:airflow.apache.org:task"


def edge_token(path: str, *, secret: str, lifetime: int) -> str:
    """A token that opens the Edge API's `path` (what follows `/edge_worker/v1/`) and no other, for `lifetime` seconds."""
    now = int(time.time())
    claims = {"method": path, "aud": "api", "iat": now, "nbf": now, "exp": now + lifetime}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def task_token(
    ti: str, *, secret: str, lifetime: int, left: int | None = None, scope: str = "execution"
) -> str:
    """A token of a task instance as the server mints them; with `left`, one that has only those seconds left."""
    now = int(time.time())
    begun = now if left is None else now - (lifetime - left)
    claims = {
        "jti": uuid4().hex,
        "aud": AUDIENCE_OF_TASKS,
        "sub": ti,
        "scope": scope,
        "iat": begun,
        "nbf": begun,
        "exp": begun + lifetime,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)
