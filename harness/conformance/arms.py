"""What the suite needs of a server, whichever it is, and how a case is played on one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import httpx

from harness.conformance.case import Act, Call, Case
from harness.conformance.masks import masked
from harness.conformance.wire import Reply, refreshed_claims, request

#: Headers of an answer that clients read, or that tell what the server took the request for.
COMPARED = ("content-type", "content-range", "allow", "airflow-api-version", "correlation-id")


class Arm(Protocol):
    """A server under the suite."""

    @property
    def base(self) -> str:
        """The URL that paths are appended to."""

    @property
    def secret(self) -> str:
        """What it signs tokens with."""

    def now(self) -> datetime:
        """Its time."""

    def seed(self, case: Case) -> Mapping[str, str]:
        """Make what the case begins with; the ids of what was made, by name."""

    def act(self, act: Act, id: str) -> None:
        """Do to a task instance what is no call."""

    def send(self, sent: httpx.Request) -> Reply:
        """Send a request and wait for its answer."""

    def state(self, case: Case) -> Mapping[str, Any] | None:
        """All rows that belong to the case; None where nobody can look at them."""


@dataclass(frozen=True)
class Observation:
    """What was seen of one case: an answer for each call, and the rows afterwards. Masked, so comparable."""

    case: Case
    answers: tuple[dict[str, Any], ...]
    state: Mapping[str, Any] | None


def observe(cases: Iterable[Case], arm: Arm) -> Iterator[Observation]:
    """Play each case on a server, and tell what was seen."""
    return (play(case, arm) for case in cases)


def play(case: Case, arm: Arm) -> Observation:
    """Seed the server, send the calls of a case, and look at the rows afterwards."""
    ids = dict(arm.seed(case))
    names = ids | {"dag": case.dag_id}
    known = {made: f"{{{name}}}" for name, made in ids.items()}
    answers = []
    for step in case.steps:
        if isinstance(step, Act):
            arm.act(step, ids[step.task])
            continue
        answers.append(_answer(step, arm, names, known))
    state = arm.state(case)
    return Observation(case, tuple(answers), masked(state, ids=known, now=arm.now()))


def _answer(call: Call, arm: Arm, names: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
    now = arm.now()
    sent = request(call, names, base=arm.base, secret=arm.secret, now=now.timestamp())
    reply = arm.send(sent)
    if reply.broken:
        return {"call": call.name, "broken": reply.broken}
    headers = reply.headers or {}
    told = {
        "status": reply.status,
        "headers": told_headers(headers, empty=not reply.body),
        "body": _read(reply.body),
        "refreshed token": refreshed_claims(headers, arm.secret),
    }
    answer: dict[str, Any] = masked(told, ids=known, now=now)
    return {"call": call.name} | answer


def told_headers(headers: Mapping[str, str], *, empty: bool) -> dict[str, str]:
    """The compared headers; the length only of an empty answer, as others may be compressed."""
    names = (*COMPARED, "content-length") if empty else COMPARED
    return {name: headers[name] for name in names if name in headers}


def _read(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
