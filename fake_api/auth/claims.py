"""What a token says, once its signature is verified. PyJWT's checks, with times against an injected clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

#: A token is refreshed in the last fifth of its life, or in the last 30 seconds if that is longer.
REFRESH_SHARE = 0.20
REFRESH_SECONDS_MIN = 30
#: Takes fewer spellings than UUID() does.
_ID = TypeAdapter(UUID)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times are seconds of the epoch.

    `owner` is `sub` as a canonical UUID, None when it is none. `scope` is "execution" where the token names
    none. `method` is the edge path the token is for. `payload` is all of it.
    """

    exp: int
    iat: int
    nbf: int | None
    sub: str | None
    owner: str | None
    scope: Any
    method: str | None
    payload: Mapping[str, Any]

    def flaw_at(self, seconds: float, *, leeway: float) -> str | None:
        """Why the token does not hold at this time, None when it does."""
        if self.iat > seconds + leeway or (self.nbf is not None and self.nbf > seconds + leeway):
            return "the token is not valid yet"
        return "the token has expired" if self.exp <= seconds - leeway else None

    def refresh_due_at(self, seconds: float) -> bool:
        """Whether any reply sent at this time carries a new token."""
        lifetime = self.exp - self.iat
        return self.exp - int(seconds) <= max(int(lifetime * REFRESH_SHARE), REFRESH_SECONDS_MIN)


def read_claims(
    payload: Any, *, audiences: Collection[str], issuer: str | None, required: Collection[str]
) -> Claims:
    """The claims of a payload whose signature is verified.

    Raises ValueError that says what is wrong: no JSON object, a claim missing or of the wrong kind, made for
    somebody else, or by somebody else. Without `audiences` only a token that names none is good.
    """
    if not isinstance(payload, dict):
        raise ValueError("the payload is no JSON object")
    for name in required:
        if payload.get(name) is None:
            raise ValueError(f"claim {name} is missing")
    for name in ("sub", "jti"):
        if name in payload and not isinstance(payload[name], str):
            raise ValueError(f"claim {name} is no string")
    if not _is_for(audiences, payload.get("aud")):
        raise ValueError("the token is for another audience")
    if issuer is not None and payload.get("iss") != issuer:
        raise ValueError("the token is of another issuer")
    sub = payload.get("sub")
    return Claims(
        exp=_seconds(payload, "exp"),
        iat=_seconds(payload, "iat"),
        nbf=_seconds(payload, "nbf") if "nbf" in payload else None,
        sub=sub,
        owner=_canonical(sub),
        scope=payload.get("scope", "execution"),
        method=payload.get("method"),
        payload=payload,
    )


def _is_for(audiences: Collection[str], named: Any) -> bool:
    if not audiences:
        return not named
    if isinstance(named, str):
        return named in audiences
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        return False
    return any(each in audiences for each in named)


def _seconds(payload: Mapping[str, Any], name: str) -> int:
    try:
        return int(payload[name])
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"claim {name} is no number") from None


def _canonical(sub: str | None) -> str | None:
    try:
        return str(_ID.validate_python(sub))
    except ValueError:
        return None
