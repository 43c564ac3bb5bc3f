"""Replays a recording against the fake, and tells where the fake answers otherwise than the recorded server did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from starlette.types import ASGIApp

from fake_api import Settings, State, create_app
from harness.conformance.arms import told_headers
from harness.conformance.believing import believe, told
from harness.conformance.comparing import Difference, Divergence, unequal, unmeant
from harness.conformance.divergences import RECORDED
from harness.conformance.drafts import Draft
from harness.conformance.masks import masked
from harness.conformance.prestate import Ids, list_jobs, order, queue_job, seed
from harness.conformance.recordings import Step, load
from harness.conformance.wire import refreshed_claims, relative

MakeApp = Callable[[State], ASGIApp]
#: What of a path is sent as it stands; clients encode the rest.
ASCII = "".join(map(chr, range(128)))
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Replay:
    """What came of one file: how many steps were compared, and what differed."""

    path: Path
    steps: int
    differences: tuple[Difference, ...]


class RecordedClock:
    """The recording's time: the second of each answer, and ever later within it."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        self._at += TICK
        return self._at

    def go_to(self, at: datetime) -> None:
        """Come to this moment, unless it is past."""
        self._at = max(self._at, at)


def replay(path: Path, *, make_app: MakeApp = create_app, meant: Sequence[Divergence] = RECORDED) -> Replay:
    """Replay one file from what it says had been there. Raises BadRecording.

    A step of which nothing can be made, or that cannot be sent, differs; the others are compared all the same.
    """
    steps = load(path)
    found = asyncio.run(_replay(steps, path.stem, make_app)) if steps else []
    return Replay(path, len(steps), tuple(unmeant(found, meant)))


async def _replay(steps: Sequence[Step], name: str, make_app: MakeApp) -> list[Difference]:
    draft, refused = believe(steps)
    clock, ids = RecordedClock(draft.began), Ids()
    state = State(settings=Settings(**draft.settings), now=clock, new_id=ids)
    seed(state, draft)
    transport = httpx.ASGITransport(make_app(state), raise_app_exceptions=False)
    found = list[Difference]()
    async with httpx.AsyncClient(transport=transport) as client:
        for position, step in enumerate(steps):
            clock.go_to(step.at)
            if why := refused.get(position):
                found.append(_difference(name, step, "evidence", "what can have been there", why))
            # whatever one step leads to, the others are compared all the same
            try:
                _between(state, ids, draft, position)
            except Exception as error:  # noqa: BLE001
                found.append(_difference(name, step, "before", "what can have been done", told(error)))
            try:
                actual = await _send(client, step, state.settings.jwt_secret)
                found += list(_differences(name, step, actual))
            except Exception as error:  # noqa: BLE001
                found.append(_difference(name, step, "answer", "what can be sent and read", told(error)))
    return found


def _between(state: State, ids: Ids, draft: Draft, position: int) -> None:
    for done in draft.done.get(position, ()):
        order(state, done)
    for ti_id in draft.cleared.get(position, ()):
        # where there is none, the fake has done otherwise before, which was told of
        if state.task_instances.get(UUID(ti_id)):
            state.clear(UUID(ti_id))
    made, gone = draft.jobs.get(position, ((), ()))
    list_jobs(state, made, gone)
    if position in draft.queued:
        queue_job(state, ids, draft.queued[position])


async def _send(client: httpx.AsyncClient, step: Step, secret: str) -> dict[str, Any]:
    url = httpx.URL("http://fake").copy_with(raw_path=quote(step.path, safe=ASCII).encode())
    headers = [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in step.headers(secret).items()
    ]
    sent = httpx.Request(step.method, url, headers=headers, content=step.content())
    got = await client.send(sent)
    try:
        body = json.loads(got.content) if got.content else None
    except ValueError:
        body = got.text
    return _told(got.status_code, got.headers, body, refreshed_claims(got.headers, secret))


def _differences(file: str, step: Step, actual: Mapping[str, Any]) -> Iterator[Difference]:
    claims = relative(step.refreshed) if isinstance(step.refreshed, Mapping) else step.refreshed
    expected = _told(step.status, step.got, step.answer, claims)
    for path, *values in unequal(expected, actual):
        yield _difference(file, step, path, *values)


def _difference(file: str, step: Step, path: str, expected: Any, actual: Any) -> Difference:
    return Difference(file, f"{step.name} ({step.method} {step.path})", path, expected, actual)


def _told(status: Any, headers: Mapping[str, str], body: Any, claims: Any) -> dict[str, Any]:
    told = {
        "status": status,
        "headers": told_headers(headers, empty=False),
        "body": body,
        "refreshed token": claims,
    }
    comparable: dict[str, Any] = masked(told, ids={}, now=None)
    return comparable
