"""Tokens: minted, verified and refreshed as by Airflow's api server.

Airflow: api_fastapi/auth/tokens.py, execution_api/security.py, execution_api/app.py (JWTReissueMiddleware),
providers/edge3/worker_api/auth.py. PyJWT checks signature and audience; times are checked here, against the
injected clock, and on every call.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import jwt
from jwt.algorithms import HMACAlgorithm

from fake_api.settings import Settings

ALGORITHM = "HS512"
EDGE_AUDIENCE = "api"
#: A token is refreshed in the last fifth of its life, or in the last 30 seconds if that is longer.
REFRESH_SHARE = 0.20
REFRESH_SECONDS_MIN = 30
#: Verified tokens remembered. Beyond it all are forgotten, which costs a verification each.
CACHE_SIZE = 50_000


class AuthError(Exception):
    """The caller is not who it has to be. `status` is 401 without a token and 403 otherwise."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class BadSubjectError(Exception):
    """The token's `sub` is not the UUID it must be: Airflow answers 500."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says.

    `owner` is `sub` as a canonical UUID, None when it is none. `method` is the edge path the token is for.
    """

    exp: int
    iat: int
    nbf: int | None
    sub: str | None
    owner: str | None
    scope: str | None
    method: str | None

    def valid_at(self, seconds: float, *, leeway: float) -> bool:
        """Whether the token holds at this time, in seconds of the epoch."""
        latest = max(self.iat, self.nbf or 0)
        return latest <= seconds + leeway and self.exp > seconds - leeway

    def refresh_due_at(self, seconds: float) -> bool:
        """Whether any reply sent at this time carries a new token."""
        lifetime = self.exp - self.iat
        return self.exp - int(seconds) <= max(int(lifetime * REFRESH_SHARE), REFRESH_SECONDS_MIN)


class Tokens:
    """Verifies and mints tokens. A signature is verified once per token, its times on every call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signatures = jwt.PyJWS(algorithms=[])
        self._signatures.register_algorithm(ALGORITHM, _OneKey(settings.jwt_secret))
        self._verified: dict[tuple[str, str], Claims] = {}

    def execution(self, token: str, now: datetime) -> Claims | None:
        """The claims of a bearer token for the Execution API, None when it is not valid now."""
        return self._claims(token, self._settings.jwt_audience, ("aud", "exp", "iat"), now)

    def edge(self, token: str, now: datetime) -> Claims | None:
        """The claims of an edge worker's token, None when it is not valid now."""
        return self._claims(token, EDGE_AUDIENCE, ("exp", "iat", "nbf"), now)

    def mint(
        self, *, sub: str | None, scope: str | None, now: datetime, valid_for: float | None = None
    ) -> str:
        """A token for the Execution API, valid for so many seconds, by default `jwt_expiration_time`."""
        issued = int(now.timestamp())
        seconds = self._settings.jwt_expiration_time if valid_for is None else valid_for
        claims: dict[str, Any] = {
            "jti": uuid5(NAMESPACE_OID, f"{sub} {scope} {now.isoformat()}").hex,
            "aud": self._settings.jwt_audience,
            "nbf": issued,
            "exp": int(issued + seconds),
            "iat": issued,
        }
        known = {"sub": sub, "scope": scope}
        claims |= {name: value for name, value in known.items() if value is not None}
        return jwt.encode(claims, self._settings.jwt_secret, ALGORITHM, headers={"kid": "not-used"})

    def _claims(self, token: str, audience: str, required: Collection[str], now: datetime) -> Claims | None:
        claims = self._verified.get((token, audience))
        if claims is None:
            claims = self._verify(token, audience, required)
            if claims is None:
                return None
            if len(self._verified) >= CACHE_SIZE:
                self._verified.clear()
            self._verified[token, audience] = claims
        return claims if claims.valid_at(now.timestamp(), leeway=self._settings.jwt_leeway) else None

    def _verify(self, token: str, audience: str, required: Collection[str]) -> Claims | None:
        try:
            payload = json.loads(self._signatures.decode(token, self._settings.jwt_secret, [ALGORITHM]))
            return _read(payload) if _is_for(audience, payload) and payload.keys() >= set(required) else None
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            return None


class _OneKey(HMACAlgorithm):
    """HMAC with a key that is examined once, and not again for each token: a third of a verification."""

    def __init__(self, secret: str) -> None:
        super().__init__(HMACAlgorithm.SHA512)
        self._key = super().prepare_key(secret)

    def prepare_key(self, key: str | bytes) -> bytes:
        """The one key, whatever is asked for."""
        return self._key


def _is_for(audience: str, payload: Mapping[str, Any]) -> bool:
    named = payload.get("aud")
    return named == audience or (isinstance(named, list) and audience in named)


def _read(payload: Mapping[str, Any]) -> Claims:
    nbf, sub = payload.get("nbf"), payload.get("sub")
    return Claims(
        exp=int(payload["exp"]),
        iat=int(payload["iat"]),
        nbf=None if nbf is None else int(nbf),
        sub=sub,
        owner=_canonical(sub),
        scope=payload.get("scope"),
        method=payload.get("method"),
    )


def mint_workload_token(settings: Settings, ti_id: UUID, now: datetime) -> str:
    """The token a queued workload carries: good for `task_queued_timeout`, and to call run with.

    Airflow: BaseWorkloadSchema.generate_token.
    """
    tokens = Tokens(settings)
    return tokens.mint(sub=str(ti_id), scope="workload", now=now, valid_for=settings.task_queued_timeout)


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
    claims = tokens.execution(token, now)
    if claims is None:
        raise AuthError(403, "Invalid auth token")
    scope = claims.scope or "execution"
    if scope not in ("execution", "workload"):
        raise AuthError(403, _unknown_scope(scope))
    if claims.owner is None:
        raise BadSubjectError(f"the token's sub is {claims.sub!r}: mint it with the id of a task instance")
    if scope not in scopes:
        allowed = ", ".join(sorted(scopes))
        raise AuthError(403, f"Token type '{scope}' not allowed for this endpoint. Allowed types: {allowed}")
    if subject is not None and subject != claims.owner:
        raise AuthError(403, f"Token subject does not match {subject_kind} ID")
    return claims


def authorize_edge(
    tokens: Tokens, *, authorization: str, method: str, now: datetime, error_id: Callable[[], UUID]
) -> None:
    """Let an edge worker's call pass when its token was made for this path. Raises AuthError."""
    claims = tokens.edge(authorization, now)
    if claims is None or not claims.method or claims.method != method:
        raise AuthError(
            403, f"Forbidden. The server side traceback may be identified with error_id={error_id()}"
        )


def _canonical(sub: str | None) -> str | None:
    try:
        return str(UUID(sub))
    except (TypeError, ValueError, AttributeError):
        return None


def _unknown_scope(scope: str) -> str:
    return (
        "Invalid auth token: 1 validation error for TIClaims\nscope\n"
        f"  Input should be 'execution' or 'workload' [type=literal_error, input_value={scope!r}, "
        "input_type=str]\n    For further information visit https://errors.pydantic.dev/2.14/v/literal_error"
    )
