"""What had been there before is read off a recording well enough to play it again, whatever it is a recording of."""

import json
from collections.abc import Iterator
from contextlib import suppress
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from harness.conformance.arms import play
from harness.conformance.case import Case
from harness.conformance.faking import FakeArm
from harness.conformance.replaying import replay
from harness.conformance.suite import CASES
from harness.conformance.wire import Reply

#: Cases of which a recording cannot tell enough, or holds no bytes that could be sent again.
UNTOLD = (
    {
        "access GET /task-instances/count": "a number tells of no task instances",
        "task instances": "a number tells of no task instances",
        "xcoms of prior dates": "a value of a prior date does not tell of which",
        "asset store emptied": "an asset is known by its name in one call and by its URI in another",
        "shapes 2025-08-10": "an old version tells {} for a conf that is null",
        "shapes 2025-09-23": "an old version tells {} for a conf that is null",
        "shapes 2025-10-27": "a number of runs tells of no run ids",
        "shapes 2025-11-05": "a number of runs tells of no run ids",
        "xcoms of earlier runs": "a value of a prior date does not tell of which",
        "xcom key 21": "what a database refuses does not tell what it holds",
        "trigger 13": "what a database refuses does not tell what it holds",
        "run id 4": "what a database refuses does not tell what it holds",
    }
    | {
        f"slices of step {step}": "a slice does not tell of the map indexes it is one of"
        for step in (None, -2, -1, 0, 2)
    }
    | {
        "headers": "a recording holds one of two headers with one name",
    }
)
BROKEN = ("bodies", "heavy", "methods", "odd", "fields")


class Recorder(FakeArm):
    """The fake, whose answers are written down in the format of a recording."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, Any]] = []

    def send(self, sent: httpx.Request) -> Reply:
        at, reply = self.now(), super().send(sent)
        headers = dict(reply.headers or {}) | {"date": format_datetime(at, usegmt=True)}
        exchange = {
            "request": {
                "method": sent.method,
                "path": sent.url.raw_path.decode(),
                "headers": dict(sent.headers),
                "token_claims": _claims(sent.headers.get("authorization")),
                "body": _value(sent.content),
            },
            "response": {
                "status": reply.status,
                "headers": headers,
                "refreshed_token_claims": _claims(headers.get("refreshed-api-token")),
                "body": _value(reply.body),
            },
        }
        self.entries.append({"name": str(len(self.entries)), "exchanges": [exchange]})
        return reply


def _claims(authorization: str | None) -> dict[str, Any] | None:
    with suppress(jwt.PyJWTError):
        token = (authorization or "").rpartition(" ")[2]
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return claims
    return None


def _value(content: bytes) -> Any:
    with suppress(ValueError):
        return json.loads(content) if content else None
    return content.decode(errors="replace")


def _recordable() -> Iterator[Case]:
    return (case for case in CASES if not case.name.startswith(BROKEN) and case.name not in UNTOLD)


@pytest.mark.parametrize("case", list(_recordable())[::4], ids=lambda case: case.name)
def test_a_recording_of_the_fake_is_replayed_without_a_difference(case: Case, tmp_path: Path) -> None:
    with Recorder() as arm:
        play(case, arm)
    path = tmp_path / "recorded.json"
    path.write_text(json.dumps(arm.entries))
    done = replay(path)
    assert done.steps == len(arm.entries)
    assert "\n".join(map(str, done.differences)) == ""
