"""Recordings of a real server's answers: files read, requests rebuilt.

A file is a JSON list; an entry has a `name`, a `client_outcome` and `exchanges`, each of which has a `request`
(method, path, headers, token_claims, body) and a `response` (status, headers, refreshed_token_claims, body). Tokens
are left out of them, their claims are not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt

from harness.conformance.wire import AUDIENCE
from harness.errors import BadRecording

#: Headers of a recorded request that the replaying client makes itself.
REBUILT = {"host", "connection", "content-length", "authorization", "accept-encoding", "transfer-encoding"}
EDGE = "/edge_worker/"
#: Seconds that Airflow forgives a clock.
LEEWAY = 10
_UNDATED = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """One recorded call. `sent` and `got` are the headers by lower-case name.

    `status` is what the file has there, so that a text is not taken for a number.
    """

    name: str
    method: str
    path: str
    sent: Mapping[str, str]
    claims: Mapping[str, Any] | None
    body: Any
    status: Any
    got: Mapping[str, str]
    answer: Any
    refreshed: Mapping[str, Any] | None
    #: When the server answered, to the second.
    at: datetime
    query: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def route(self) -> str:
        """The decoded path without query and prefix: `/task-instances/…`."""
        path = unquote(urlsplit(self.path).path)
        return path.removeprefix("/execution").removeprefix(f"{EDGE}v1")

    def one(self, name: str) -> str:
        """The value of a query parameter, empty without one."""
        return self.query.get(name, [""])[-1]

    def headers(self, secret: str) -> dict[str, str]:
        """The recorded request headers, with a token that says what the recorded one said."""
        sent = {name: value for name, value in self.sent.items() if name not in REBUILT}
        if authorization := self.sent.get("authorization"):
            scheme = authorization.rpartition(" ")[0]
            sent["authorization"] = f"{scheme} {self._token(secret)}".strip()
        if "cookie" in sent:
            sent["cookie"] = f"_token={self._token(secret)}"
        return sent

    def content(self) -> bytes:
        """The request body as it was sent, JSON or not."""
        length = int(self.sent.get("content-length", 0))
        if isinstance(self.body, str) and len(json.dumps(self.body)) != length:
            return self.body.encode()
        return json.dumps(self.body).encode() if length or self.body is not None else b""

    def _token(self, secret: str) -> str:
        if not isinstance(self.claims, Mapping):
            return "not.a.token"
        forged = self.status == 403 and self._refused_as_invalid() and self._claims_hold()
        return jwt.encode(dict(self.claims), "another secret " * 5 if forged else secret, "HS512")

    def _refused_as_invalid(self) -> bool:
        """Whether the server said that the token itself is bad, for whichever reason."""
        detail = self.answer.get("detail") if isinstance(self.answer, Mapping) else None
        return detail == "Invalid auth token" or (isinstance(detail, str) and detail.startswith("Forbidden"))

    def _claims_hold(self) -> bool:
        """Whether nothing is wrong with the claims: a token refused all the same was signed by somebody else."""
        assert isinstance(self.claims, Mapping)
        now, edge = self.at.timestamp(), self.path.startswith(EDGE)
        begins = [self.claims.get(name, now) for name in ("iat", "nbf")]
        named = self.claims.get("aud")
        wanted, required = ("api", {"nbf", "method"}) if edge else (AUDIENCE, set())
        ours = named == wanted or (isinstance(named, list) and wanted in named)
        if edge and self.claims.get("method") != self.route.removeprefix("/"):
            return False
        if "Bearer" in self.sent.get("authorization", "") and edge:
            return False
        times = [*begins, self.claims.get("exp", 0)]
        if not all(isinstance(each, int | float) for each in times):
            return False
        timely = max(begins) <= now + LEEWAY and times[-1] > now - LEEWAY
        return bool(ours and timely and {"exp", "iat", *required} <= self.claims.keys())


def load(path: Path) -> list[Step]:
    """The steps of a recording that have an exchange. Raises BadRecording.

    An answer without a date is placed at that of the answer before it, and the first ones at the first date.
    """
    try:
        entries = json.loads(path.read_text())
    except OSError as error:
        raise BadRecording(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadRecording(f"{path} is no JSON: {error}; give a folder with recordings only") from None
    if not isinstance(entries, list):
        raise BadRecording(
            f"{path} holds no list of recorded calls: see the head of harness/conformance/recordings.py"
        )
    steps = []
    for number, entry in enumerate(entries):
        try:
            steps += [_step(entry["name"], each) for each in entry["exchanges"]]
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise BadRecording(
                f"{path} is no recording: entry {number}, {_name(entry)}: {type(error).__name__} {error}; each has "
                "a name and exchanges of request and response, see the head of harness/conformance/recordings.py"
            ) from None
    return _dated(path, steps)


def _name(entry: Any) -> str:
    return str(entry.get("name")) if isinstance(entry, Mapping) else "without a name"


def _step(name: str, exchange: Mapping[str, Any]) -> Step:
    asked, told = exchange["request"], exchange["response"]
    return Step(
        name=str(name),
        method=asked["method"],
        path=asked["path"],
        sent=_lower(asked["headers"]),
        claims=asked.get("token_claims"),
        body=asked.get("body"),
        status=told["status"],
        got=_lower(told["headers"]),
        answer=told.get("body"),
        refreshed=told.get("refreshed_token_claims"),
        at=_UNDATED,
        query=parse_qs(urlsplit(asked["path"]).query, keep_blank_values=True),
    )


def _dated(path: Path, steps: Sequence[Step]) -> list[Step]:
    told = [_date(step) for step in steps]
    if steps and not any(told):
        raise BadRecording(f"{path} has no answer with a Date header: record the headers of the answers too")
    at = next(filter(None, told), _UNDATED)
    return [replace(step, at=(at := each or at)) for step, each in zip(steps, told, strict=True)]


def _date(step: Step) -> datetime | None:
    try:
        return parsedate_to_datetime(str(step.got["date"])).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
