"""What verifies a signature: one secret, or a set of keys that may change (Airflow: JWTValidator and JWKS)."""

import base64
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt.algorithms import HMACAlgorithm

from fake_api.auth.keys import GUESS, HMAC, SigningKey, signing_key
from fake_api.settings import Settings

log = logging.getLogger(__name__)

#: A set of keys at a URL is asked for again when it is older than this, in seconds,
REFRESH_INTERVAL = 3600
#: and not again this soon after an attempt.
RETRY_INTERVAL = 10

Fetch = Callable[[str], Awaitable[Any]]


#: Headers of good tokens remembered; a server's tokens have one, a few if keys or algorithms were changed.
HEADERS_MOST = 16
DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Verifier(Protocol):
    """Verifies a token's signature."""

    def payload(self, token: str) -> bytes:
        """The signed payload. Raises jwt.PyJWTError."""
        ...


class OneSecret:
    """HMAC with the one secret. The key's name in the token does not matter.

    With algorithms that are no HMAC every token is refused, as Airflow's edge workers find out.
    """

    def __init__(self, secret: str, algorithms: Sequence[str] = (GUESS,)) -> None:
        self._secret = secret
        self._algorithms = ["HS512" if each == GUESS else each for each in algorithms]
        self._signatures = jwt.PyJWS(algorithms=[])
        for each in HMAC.keys() & set(self._algorithms):
            self._signatures.register_algorithm(each, _OneKey(secret, each))
        self._accepted: dict[
            str, str
        ] = {}  # headers of good tokens, as they stand in them, and their digests

    def payload(self, token: str) -> bytes:
        """The signed payload. Raises jwt.PyJWTError."""
        header, _, rest = token.partition(".")
        digest = self._accepted.get(header)
        if digest is not None and (known := self._signed(header, rest, digest)) is not None:
            return known
        payload: bytes = self._signatures.decode(token, self._secret, self._algorithms)
        if len(self._accepted) < HEADERS_MOST:
            self._accepted[header] = DIGESTS[jwt.get_unverified_header(token)["alg"]]
        return payload

    def _signed(self, header: str, rest: str, digest: str) -> bytes | None:
        """The payload of a token whose header has been accepted before; None where PyJWT has to decide.

        All tokens of one server have one header, and PyJWT looks at each of their letters in Python.
        """
        body, _, signature = rest.partition(".")
        made = hmac.digest(self._secret.encode(), f"{header}.{body}".encode(), digest)
        if not hmac.compare_digest(_unpadded(made), signature.encode()):
            return None
        try:
            payload = base64.urlsafe_b64decode(f"{body}==")
        except ValueError:
            return None
        return payload if _unpadded(payload) == body.encode() else None


def _unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class _OneKey(HMACAlgorithm):
    """HMAC with a key that is examined once, and not again for each token: a third of a verification."""

    def __init__(self, secret: str, algorithm: str) -> None:
        super().__init__(HMAC[algorithm])
        self._key = super().prepare_key(secret)

    def prepare_key(self, key: str | bytes) -> bytes:
        """The one key, whatever is asked for."""
        return self._key


class KeySet:
    """The keys that are trusted, by name. The token says which; one that names none is refused.

    `algorithms` narrows what the keys may be used with; each key has one, its own or that of its kind.
    """

    def __init__(self, keys: Collection[SigningKey] = (), algorithms: Sequence[str] = (GUESS,)) -> None:
        self._signatures = jwt.PyJWS()
        self._allowed = None if GUESS in algorithms else algorithms
        self._keys = jwt.PyJWKSet([each.jwk for each in keys]) if keys else None

    def trust(self, document: Any) -> None:
        """Trust the keys of a JWKS document, and no others from now on. Raises jwt.PyJWTError for a bad one."""
        if not isinstance(document, dict):
            raise jwt.PyJWKSetError("a JWKS is a JSON object with a list of keys")
        self._keys = jwt.PyJWKSet.from_dict(document)

    def payload(self, token: str) -> bytes:
        """The signed payload. Raises jwt.PyJWTError."""
        kid = jwt.get_unverified_header(token).get("kid")
        if kid is None:
            raise jwt.InvalidTokenError("the token names no key")
        try:
            key = self._current()[kid]
        except KeyError:
            raise jwt.InvalidTokenError("the token's key is not trusted") from None
        algorithm = key.algorithm_name
        if self._allowed is not None and algorithm not in self._allowed:
            raise jwt.InvalidAlgorithmError("the key's algorithm is not allowed")
        payload: bytes = self._signatures.decode(token, key.key, [algorithm])
        return payload

    def _current(self) -> jwt.PyJWKSet:
        if self._keys is None:
            raise jwt.InvalidTokenError("the trusted keys could not be read")
        return self._keys


class KeySetFile(KeySet):
    """A local JWKS file, read when it is needed first and never again: until a restart, keys stay trusted."""

    def __init__(self, path: str, algorithms: Sequence[str]) -> None:
        super().__init__(algorithms=algorithms)
        self._path = Path(path)

    def _current(self) -> jwt.PyJWKSet:
        if self._keys is None:
            try:
                self.trust(json.loads(self._path.read_bytes()))
            except (OSError, ValueError, jwt.PyJWTError) as error:
                log.warning("cannot read the trusted keys in %s: %s", self._path, error)
        return super()._current()


class KeySetUrl(KeySet):
    """A JWKS at a URL, fetched before it is needed first and again each hour. If that fails, the old one stays."""

    def __init__(self, url: str, algorithms: Sequence[str]) -> None:
        super().__init__(algorithms=algorithms)
        self._url = url
        self._fetched_at: float | None = None
        self._attempted_at = 0.0

    def due_at(self, seconds: float) -> bool:
        """Whether the keys are to be fetched, at this time in seconds (Airflow: _should_fetch_jwks)."""
        if self._keys is None or self._fetched_at is None:
            return True
        old = seconds - self._fetched_at > REFRESH_INTERVAL
        return old and seconds - self._attempted_at > RETRY_INTERVAL

    async def refresh(self, seconds: float, fetch: Fetch) -> None:
        """Fetch the keys. A failure is logged; the keys known so far go on being trusted."""
        self._attempted_at = seconds
        try:
            self.trust(await fetch(self._url))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            log.warning("cannot fetch the trusted keys from %s: %s", self._url, error)
        else:
            self._fetched_at = seconds


def verifier(settings: Settings) -> Verifier:
    """What verifies tokens of tasks (Airflow: get_sig_validation_args).

    The trusted JWKS if one is named, else the private key's public part, else the secret. A private key that
    is named by `jwt_kid` is not found by that name: Airflow trusts it under its thumbprint alone.
    """
    url, algorithms = settings.trusted_jwks_url, settings.jwt_algorithms
    if url is not None:
        return KeySetUrl(url, algorithms) if url.startswith("http") else KeySetFile(url, algorithms)
    if settings.jwt_private_key_path is None:
        return OneSecret(settings.jwt_secret, algorithms)
    key = signing_key(settings.without_kid())
    return KeySet([key], algorithms=[key.algorithm])
