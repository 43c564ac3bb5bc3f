"""The token a worker makes for each call of the Edge API, as the released client does."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache

import jwt
from jwt.algorithms import HMACAlgorithm

ALGORITHM = "HS512"
_to_json = json.JSONEncoder(separators=(",", ":")).encode


def edge_token(path: str, *, secret: str, now: datetime, lifetime: float) -> str:
    """An HS512 token that opens the Edge API's `path` (what follows `/edge_worker/v1/`) and no other.

    `lifetime` is in seconds; the released client takes [api_auth] jwt_leeway for it.
    """
    seconds = int(now.timestamp())
    claims = {"method": path, "aud": "api", "iat": seconds, "nbf": seconds, "exp": seconds + int(lifetime)}
    return _signer(secret).encode(_to_json(claims).encode(), secret, algorithm=ALGORITHM)


@cache
def _signer(secret: str) -> jwt.PyJWS:
    signer = jwt.PyJWS(algorithms=[])
    signer.register_algorithm(ALGORITHM, _OneKey(secret))
    return signer


class _OneKey(HMACAlgorithm):
    """HMAC with a key that is examined once, and not again for each token: half the cost of a token."""

    def __init__(self, secret: str) -> None:
        super().__init__(HMACAlgorithm.SHA512)
        self._key = super().prepare_key(secret)

    def prepare_key(self, key: str | bytes) -> bytes:
        """The one key, whatever is asked for."""
        return self._key
