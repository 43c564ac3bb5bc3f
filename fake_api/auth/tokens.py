"""Tokens: minted, verified and refreshed as by Airflow's api server.

Airflow: api_fastapi/auth/tokens.py, execution_api/app.py (JWTReissueMiddleware),
providers/edge3/worker_api/auth.py. Times are checked against the injected clock, and on every call.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import jwt

from fake_api.auth.claims import Claims, read_claims
from fake_api.auth.keys import SigningKey, signing_key
from fake_api.auth.verifiers import Fetch, KeySet, KeySetUrl, OneSecret, Verifier, verifier
from fake_api.settings import Settings

EDGE_AUDIENCE = "api"
#: Verified tokens remembered. Beyond it all are forgotten, which costs a verification each.
CACHE_SIZE = 50_000


class InvalidTokenError(Exception):
    """The token is not valid now; the text says why, for the record and not for the caller.

    `owner` is whose it was: None unless the signature is good.
    """

    def __init__(self, why: str, owner: str | None = None) -> None:
        super().__init__(why)
        self.owner = owner


class Tokens:
    """Verifies and mints tokens. A signature is verified once per token, its times on every call.

    Raises ValueError for a private key that cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: SigningKey = signing_key(settings)
        self._tasks: Verifier = verifier(settings)
        self._workers = OneSecret(settings.jwt_secret, settings.jwt_algorithms)
        self._required = ("aud", "exp", "iat", *(("iss",) if settings.jwt_issuer else ()))
        self._verified: dict[tuple[str, str], Claims] = {}

    def rotate(self, keys: Sequence[SigningKey]) -> None:
        """Sign with the first of these keys from now on, and trust them all: tokens of any other are refused.

        As a deployment does that exchanges its private key and its JWKS. Workers' own tokens are not touched.
        Raises ValueError without a key, or for two of one name.
        """
        if not keys or len({each.kid for each in keys}) < len(keys):
            raise ValueError("rotate to at least one key, and give each a kid of its own")
        self._key, self._tasks = keys[0], KeySet(keys)
        self._verified.clear()

    @property
    def fetches_keys(self) -> bool:
        """Whether the trusted keys are at a URL: then `refresh_keys` has to be called before a token is looked at."""
        return isinstance(self._tasks, KeySetUrl)

    async def refresh_keys(self, now: datetime, fetch: Fetch) -> None:
        """Fetch the trusted keys if they are at a URL and it is time to."""
        keys, seconds = self._tasks, now.timestamp()
        if isinstance(keys, KeySetUrl) and keys.due_at(seconds):
            await keys.refresh(seconds, fetch)
            self._verified.clear()

    @property
    def trusted(self) -> Verifier:
        """What verifies the signatures of tasks and of persons."""
        return self._tasks

    def execution(self, token: str, now: datetime) -> Claims:
        """The claims of a bearer token for the Execution API. Raises InvalidTokenError."""
        return self._claims(token, "execution", now)

    def edge(self, token: str, now: datetime) -> Claims:
        """The claims of an edge worker's token. Raises InvalidTokenError."""
        return self._claims(token, "edge", now)

    def mint(
        self,
        *,
        sub: str | None,
        scope: str | None,
        now: datetime,
        valid_for: float | None = None,
        extras: Mapping[str, Any] | None = None,
    ) -> str:
        """A token for the Execution API, valid for so many seconds, by default `jwt_expiration_time`.

        `extras` are further claims; the ones that every token has win over them.
        """
        issued = int(now.timestamp())
        seconds = self._settings.jwt_expiration_time if valid_for is None else valid_for
        known = {"sub": sub, "scope": scope, "iss": self._settings.jwt_issuer}
        claims = {
            **(extras or {}),
            **{name: value for name, value in known.items() if value is not None},
            "jti": uuid5(NAMESPACE_OID, f"{sub} {scope} {now.isoformat()}").hex,
            "aud": self._settings.jwt_audiences[0],
            "nbf": issued,
            "exp": int(issued + seconds),
            "iat": issued,
        }
        return jwt.encode(claims, self._key.private, self._key.algorithm, headers={"kid": self._key.kid})

    def mint_workload(self, ti_id: UUID, now: datetime) -> str:
        """The token a queued workload carries: good for `task_queued_timeout`, and to call run with.

        Airflow: BaseWorkloadSchema.generate_token.
        """
        return self.mint(
            sub=str(ti_id), scope="workload", now=now, valid_for=self._settings.task_queued_timeout
        )

    def refreshed(self, claims: Claims, now: datetime) -> str:
        """A token that says what this one says, for longer."""
        scope = claims.payload.get("scope")
        return self.mint(sub=claims.sub, scope=scope, now=now, extras=claims.payload)

    def _claims(self, token: str, api: str, now: datetime) -> Claims:
        claims = self._verified.get((token, api))
        if claims is None:
            claims = self._verify(token, api)
            if len(self._verified) >= CACHE_SIZE:
                self._verified.clear()
            self._verified[token, api] = claims
        if flaw := claims.flaw_at(now.timestamp(), leeway=self._settings.jwt_leeway):
            raise InvalidTokenError(flaw, claims.owner)
        return claims

    def _verify(self, token: str, api: str) -> Claims:
        try:
            if api == "edge":
                payload = json.loads(self._workers.payload(token))
                return read_claims(
                    payload,
                    audiences=(EDGE_AUDIENCE,),
                    issuer=self._settings.jwt_issuer,
                    required=("exp", "iat", "nbf"),
                )
            payload = json.loads(self._tasks.payload(token))
            return read_claims(
                payload,
                audiences=self._settings.jwt_audiences,
                issuer=self._settings.jwt_issuer,
                required=self._required,
            )
        except jwt.InvalidSignatureError:
            raise InvalidTokenError("the signature is wrong") from None
        except jwt.InvalidAlgorithmError:
            raise InvalidTokenError("the algorithm is not the key's") from None
        except jwt.DecodeError:
            # its text may repeat what was sent
            raise InvalidTokenError("the token is malformed") from None
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            raise InvalidTokenError(str(error) or type(error).__name__) from None


def mint_workload_token(settings: Settings, ti_id: UUID, now: datetime) -> str:
    """The token a workload queued under these settings carries; see `Tokens.mint_workload`."""
    return Tokens(settings).mint_workload(ti_id, now)
