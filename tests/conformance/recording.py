"""Recordings of the real server: load them, rebuild their requests, mask what can never be equal."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import jwt

FOLDER = Path(__file__).parent / "recordings"

#: Headers of a recorded request that the replaying client makes itself.
REBUILT = {"host", "connection", "content-length", "authorization", "accept-encoding"}
#: Headers of a response that are compared.
COMPARED = ("content-type", "content-range", "allow", "airflow-api-version", "correlation-id")

UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
ERROR_ID_TEXT = re.compile(r"(?<=look for ID )\w{8}")
TRACE_TEXT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")

#: Steps whose token is broken in a way its recorded claims do not show.
OTHER_SECRET = {"bad_signature_403": "another secret " * 5}
OTHER_ALGORITHM = {"hs256_alg_403": "HS256"}


@dataclass(frozen=True)
class Step:
    """One recorded call."""

    name: str
    request: dict[str, Any]
    response: dict[str, Any]

    @property
    def at(self) -> datetime:
        """When the real server answered, to the second."""
        date = {name.lower(): value for name, value in self.response["headers"].items()}["date"]
        return parsedate_to_datetime(date).astimezone(UTC)

    def headers(self, secret: str) -> dict[str, str]:
        """The recorded request headers, with a token that says what the recorded one said."""
        recorded = {name.lower(): value for name, value in self.request["headers"].items()}
        sent = {name: value for name, value in recorded.items() if name not in REBUILT}
        if authorization := recorded.get("authorization"):
            scheme = authorization.rpartition(" ")[0]
            sent["authorization"] = f"{scheme} {self._token(secret)}".strip()
        return sent

    def content(self) -> bytes:
        """The request body as it was sent, JSON or not."""
        length = int(self.request["headers"].get("content-length", 0))
        body = self.request["body"]
        if isinstance(body, str) and len(json.dumps(body)) != length:
            return body.encode()
        return json.dumps(body).encode() if length else b""

    def _token(self, secret: str) -> str:
        claims = self.request["token_claims"]
        if not isinstance(claims, dict):
            return "not.a.token"
        key = OTHER_SECRET.get(self.name, secret)
        return jwt.encode(claims, key, OTHER_ALGORITHM.get(self.name, "HS512"))


def without_exchange(name: str) -> set[str]:
    """The names of the steps of a recording that got no answer."""
    return {entry["name"] for entry in _entries(name) if not entry["exchanges"]}


def load(name: str) -> list[Step]:
    """The steps of a recording that have an exchange."""
    return [
        Step(entry["name"], each["request"], each["response"])
        for entry in _entries(name)
        for each in entry["exchanges"]
    ]


def _entries(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return entries


def expected(step: Step) -> dict[str, Any]:
    """What the real server answered, masked."""
    headers = {name.lower(): value for name, value in step.response["headers"].items()}
    claims = step.response.get("refreshed_token_claims")
    return _answer(step.response["status"], headers, step.response["body"], claims)


def actual(status: int, headers: dict[str, str], body: bytes, secret: str) -> dict[str, Any]:
    """What the fake answered, masked."""
    token = headers.get("refreshed-api-token")
    claims = _decode(token, secret) if token else None
    try:
        parsed = json.loads(body) if body else None
    except ValueError:
        parsed = body.decode()
    return _answer(status, headers, parsed, claims)


def _decode(token: str, secret: str) -> dict[str, Any]:
    # The replay lives in the recording's time, so PyJWT must not look at the clock.
    unchecked: Any = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
    }
    return jwt.decode(token, secret, algorithms=["HS512"], options=unchecked)


def _answer(status: int, headers: dict[str, str], body: Any, claims: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "status": status,
        "headers": {name: headers[name] for name in COMPARED if name in headers},
        "body": masked(body),
        "refreshed token": _claims(claims),
    }


def _claims(claims: dict[str, Any] | None) -> dict[str, Any] | None:
    if claims is None:
        return None
    lifetime = claims["exp"] - claims["iat"]
    return {**claims, "jti": "<id>", "exp": lifetime, "iat": 0, "nbf": claims["nbf"] - claims["iat"]}


def masked(value: Any) -> Any:
    """Ids, times and tokens by placeholders, at any depth."""
    if isinstance(value, dict):
        return {name: "<token>" if name == "token" else masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, str):
        text = ERROR_ID_TEXT.sub("<id>", TRACE_TEXT.sub("<trace>", value))
        return TIME_TEXT.sub("<time>", UUID_TEXT.sub("<uuid>", text))
    return value
