"""The keys tokens are signed with. Airflow: get_signing_args, key_to_jwk_dict, thumbprint in auth/tokens.py."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

from fake_api.settings import Settings

HMAC = {"HS256": HMACAlgorithm.SHA256, "HS384": HMACAlgorithm.SHA384, "HS512": HMACAlgorithm.SHA512}
#: What Airflow writes where a token's key has no name. A server with one secret does not look at it.
NO_KID = "not-used"
GUESS = "GUESS"


@dataclass(frozen=True)
class SigningKey:
    """A key to sign with: its name, its algorithm, the private part, and the JWK others verify with.

    The JWK of an HMAC key holds the secret itself.
    """

    kid: str
    algorithm: str
    private: Any = field(repr=False)
    jwk: dict[str, Any] = field(repr=False)


def hmac_key(secret: str, *, kid: str | None = None, algorithm: str = GUESS) -> SigningKey:
    """The key that is [api_auth] jwt_secret. `algorithm` GUESS means HS512."""
    named, chosen = kid or NO_KID, "HS512" if algorithm == GUESS else algorithm
    if chosen not in HMAC:
        raise ValueError(f"jwt_algorithm {chosen}: a secret signs with {', '.join(HMAC)}")
    jwk = {"kty": "oct", "k": _base64url(secret.encode()), "alg": chosen, "kid": named}
    return SigningKey(kid=named, algorithm=chosen, private=secret, jwk=jwk)


def pem_key(pem: str | bytes, *, kid: str | None = None, algorithm: str = GUESS) -> SigningKey:
    """The RSA or Ed25519 key in an unencrypted PEM text; it is named by its thumbprint unless `kid` says else.

    `algorithm` GUESS means RS256 or EdDSA. Raises ValueError for any other kind of key, or none.
    """
    try:
        private: object = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, password=None)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"not a PEM-encoded private key without a password ({str(error).split('.')[0]})"
        ) from None
    if isinstance(private, RSAPrivateKey):
        guess, jwk = "RS256", RSAAlgorithm(RSAAlgorithm.SHA256).to_jwk(private.public_key(), as_dict=True)
    elif isinstance(private, Ed25519PrivateKey):
        guess, jwk = "EdDSA", OKPAlgorithm().to_jwk(private.public_key(), as_dict=True)
    else:
        raise ValueError(
            f"{type(private).__name__}: Airflow signs with RSA and Ed25519 keys, give one of these"
        )
    named = kid or thumbprint(jwk)
    return SigningKey(
        kid=named,
        algorithm=guess if algorithm == GUESS else algorithm,
        private=private,
        jwk={**jwk, "kid": named},
    )


def thumbprint(jwk: dict[str, Any]) -> str:
    """The name Airflow gives a key: SHA-256 over its sorted JSON, as base64url.

    All members count, `key_ops` too, which the thumbprint of RFC 7638 leaves out.
    """
    text = json.dumps(jwk, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


def generate_key(kind: Literal["RSA", "Ed25519"] = "Ed25519") -> bytes:
    """A new private key as PEM. It is not reproducible: neither library takes a seed."""
    private = Ed25519PrivateKey.generate() if kind == "Ed25519" else generate_private_key(65537, 2048)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signing_key(settings: Settings) -> SigningKey:
    """The private key of the settings if they have one, else their secret.

    Raises ValueError for a key file that cannot be read.
    """
    algorithm = settings.jwt_algorithms[0]
    if settings.jwt_private_key_path is None:
        return hmac_key(settings.jwt_secret, kid=settings.jwt_kid, algorithm=algorithm)
    try:
        pem = Path(settings.jwt_private_key_path).read_bytes()
        return pem_key(pem, kid=settings.jwt_kid, algorithm=algorithm)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"jwt_private_key_path {settings.jwt_private_key_path}: {reason}") from None


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
