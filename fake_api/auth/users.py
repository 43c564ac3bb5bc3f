"""Tokens of people: what the public API wants, and the pages of the edge plugin with it.

Airflow: core_api/security.py (get_user), auth/managers/base_auth_manager.py (get_user_from_token), and of the
auth managers the default one, auth/managers/simple.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import jwt

from fake_api.auth.claims import Claims, read_claims
from fake_api.auth.guards import AuthError, bearer
from fake_api.auth.keys import signing_key
from fake_api.auth.tokens import Tokens
from fake_api.settings import Settings

#: The cookie of a person who logged in with a browser.
COOKIE = "_token"
#: Who may do least first. All of them may see the edge pages, and use them.
ROLES = ("VIEWER", "USER", "OP", "ADMIN")
LIFETIME = 86400


class UnknownRoleError(Exception):
    """The token names a role there is none of: Airflow answers 500."""


@dataclass(frozen=True)
class User:
    """A person, as the token says."""

    name: str
    role: str


def authorize_user(
    tokens: Tokens, settings: Settings, *, authorization: str | None, cookie: str | None, now: datetime
) -> User:
    """Let a person see and use the pages. A bearer token counts before the cookie, any other scheme not at all.

    Raises AuthError, and UnknownRoleError.
    """
    token = bearer(authorization) or _cookie(cookie)
    if not token:
        raise AuthError(401, "Not authenticated")
    claims = _claims(tokens, settings, token)
    if flaw := claims.flaw_at(now.timestamp(), leeway=settings.jwt_leeway):
        expired = "expired" in flaw
        status, detail = (401, "Token Expired") if expired else (403, "Invalid JWT token")
        raise AuthError(status, detail, why=flaw)
    payload = claims.payload
    if claims.sub is None or "role" not in payload:
        raise AuthError(403, "Invalid JWT token", why="the token names no person and role")
    role = payload["role"]
    if not role:
        raise AuthError(403, "Forbidden", why="the person has no role")
    if str(role).upper() not in ROLES:
        raise UnknownRoleError(f"the token's role is {role!r}: mint it with one of {', '.join(ROLES)}")
    return User(claims.sub, role)


def mint_user_token(settings: Settings, name: str, now: datetime, *, role: str = "ADMIN") -> str:
    """The token that a person with this role gets at login; it is good for a day."""
    issued = int(now.timestamp())
    key = signing_key(settings)
    claims: Mapping[str, Any] = {
        "jti": uuid5(NAMESPACE_OID, f"{name} {role} {now.isoformat()}").hex,
        "aud": settings.user_jwt_audience,
        "nbf": issued,
        "exp": issued + LIFETIME,
        "iat": issued,
        "sub": name,
        "role": role,
        "teams": None,
    } | ({"iss": settings.jwt_issuer} if settings.jwt_issuer else {})
    return jwt.encode(dict(claims), key.private, key.algorithm, headers={"kid": key.kid})


def _claims(tokens: Tokens, settings: Settings, token: str) -> Claims:
    try:
        return read_claims(
            json.loads(tokens.trusted.payload(token)),
            audiences=(settings.user_jwt_audience,),
            issuer=settings.jwt_issuer,
            required=("exp", "iat", "nbf"),
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise AuthError(403, "Invalid JWT token", why=str(error) or type(error).__name__) from None


def _cookie(header: str | None) -> str | None:
    try:
        found = SimpleCookie(header or "").get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None
