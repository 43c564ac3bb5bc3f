"""The token a worker makes for each call of the Edge API, as the released client does."""

from __future__ import annotations

from datetime import datetime

import jwt

LIFETIME = 10  # seconds: [api_auth] jwt_leeway, which the released client takes as lifetime


def edge_token(path: str, *, secret: str, now: datetime) -> str:
    """An HS512 token that opens the Edge API's `path` (what follows `/edge_worker/v1/`) and no other."""
    seconds = int(now.timestamp())
    claims = {
        "method": path,
        "aud": "api",
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + LIFETIME,
    }
    return jwt.encode(claims, secret, algorithm="HS512")
