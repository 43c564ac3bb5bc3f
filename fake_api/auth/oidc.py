"""Edge workers with tokens of an identity provider instead of the shared secret.

Airflow: providers/edge3/worker_api/auth.py, which names it OIDC. The released worker of edge3 5.1.0 cannot be told to
send such a token, so this is for workers that come with another client, or with their own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pkgutil import resolve_name
from typing import Any
from uuid import UUID

import jwt

from fake_api.auth.claims import Claims, read_claims
from fake_api.auth.guards import AuthError, edge_refusal
from fake_api.auth.tokens import CACHE_SIZE
from fake_api.auth.verifiers import Fetch, KeySetFile, KeySetUrl
from fake_api.settings import Settings


@dataclass(frozen=True)
class WorkerTokenContext:
    """What a verifier is told besides the claims: `method` is the path after /edge_worker/v1/."""

    method: str


Authorization = Mapping[str, Any]
JwtVerifier = Callable[[Mapping[str, Any], WorkerTokenContext], Authorization | None]


def anybody(_claims: Mapping[str, Any], _context: WorkerTokenContext) -> Authorization:
    """Whoever the provider vouches for may act as any edge worker. This is Airflow's default."""
    return {"authorized": True}


def only_as_oneself(claims: Mapping[str, Any], context: WorkerTokenContext) -> Authorization:
    """A token per worker: `sub` is the one worker it may register, heartbeat and fetch as.

    The paths of job states and logs name no worker: every worker's token opens those.
    """
    parts = context.method.split("/")
    named = {"worker": parts[-1], "jobs": parts[2] if parts[1:2] == ["fetch"] else None}.get(parts[0])
    return {"authorized": named is None or named == claims.get("sub")}


class WorkerIdentities:
    """Lets edge workers in by tokens that a trusted provider signed; no path is in those.

    Raises ValueError without an issuer and a verifier, where Airflow refuses every call, and for a verifier
    that cannot be imported.
    """

    def __init__(self, settings: Settings) -> None:
        url = settings.edge_trusted_jwks_url or ""
        if not settings.edge_jwt_issuer and not settings.edge_jwt_verifier:
            raise ValueError(
                "edge_jwt_verifier must be set when edge_trusted_jwks_url is and edge_jwt_issuer is not: "
                "any token signed with a trusted key would be accepted"
            )
        algorithms = settings.edge_jwt_algorithms
        self._keys = (KeySetUrl if url.startswith("http") else KeySetFile)(url, algorithms)
        self._issuer = settings.edge_jwt_issuer or None
        self._audiences = (settings.edge_jwt_audience,) if settings.edge_jwt_audience else ()
        self._leeway = settings.edge_jwt_leeway
        self._verifier = _verifier(settings.edge_jwt_verifier)
        self._verified: dict[str, Claims] = {}

    @property
    def fetches_keys(self) -> bool:
        """Whether the trusted keys are at a URL: then `refresh_keys` has to be called before a token is looked at."""
        return isinstance(self._keys, KeySetUrl)

    async def refresh_keys(self, now: datetime, fetch: Fetch) -> None:
        """Fetch the trusted keys if they are at a URL and it is time to."""
        keys, seconds = self._keys, now.timestamp()
        if isinstance(keys, KeySetUrl) and keys.due_at(seconds):
            await keys.refresh(seconds, fetch)
            self._verified.clear()

    def authorize(
        self, *, authorization: str, method: str, now: datetime, error_id: Callable[[], UUID]
    ) -> str | None:
        """Let a worker's call pass; returns the token's `sub`. Raises AuthError, always the same 403."""
        try:
            claims = self._claims(authorization)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            why = str(error) or type(error).__name__
            raise AuthError(403, edge_refusal(error_id()), why=why) from None
        flaw = claims.flaw_at(now.timestamp(), leeway=self._leeway) or self._objection(claims, method)
        if flaw is not None:
            raise AuthError(403, edge_refusal(error_id()), why=flaw, owner=claims.sub)
        return claims.sub

    def _claims(self, token: str) -> Claims:
        claims = self._verified.get(token)
        if claims is None:
            claims = read_claims(
                json.loads(self._keys.payload(token)),
                audiences=self._audiences,
                issuer=self._issuer,
                required=("exp", "iat"),
            )
            if len(self._verified) >= CACHE_SIZE:
                self._verified.clear()
            self._verified[token] = claims
        return claims

    def _objection(self, claims: Claims, method: str) -> str | None:
        try:
            said = self._verifier(dict(claims.payload), WorkerTokenContext(method))
        except Exception as error:  # noqa: BLE001 - whatever a verifier raises is a refusal, as in Airflow
            return f"the verifier failed: {type(error).__name__}"
        return None if said and said.get("authorized") else "the verifier does not know this worker"


def _verifier(named: str | JwtVerifier | None) -> JwtVerifier:
    if not isinstance(named, str):
        return named or anybody
    try:
        found: JwtVerifier = resolve_name(named)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"edge_jwt_verifier {named}: {error}; give the import path of a function") from None
    return found
