"""Step by step, the fake answers what the real server answered."""

import asyncio
from functools import cache
from typing import Any

import httpx
import pytest

from fake_api import State, create_app
from tests.conformance.excuses import not_served
from tests.conformance.recording import Step, actual, expected, load
from tests.conformance.seeds import BEFORE, SEEDS, Clock, Ids

#: Recording: steps compared, steps of routes that are not served. A change here must be on purpose.
COUNTS = {"happy": (41, 25), "retry": (6, 0), "errors": (58, 2), "edge": (49, 0)}


def _served(name: str) -> list[Step]:
    return [each for each in load(name) if not not_served(each.request["method"], each.request["path"])]


async def _replay(name: str) -> list[dict[str, Any]]:
    steps = _served(name)
    clock, ids = Clock(steps[0].at), Ids()
    state = State(now=clock, new_id=ids)
    SEEDS[name](state, ids)
    transport = httpx.ASGITransport(create_app(state), raise_app_exceptions=False)
    answers = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for step in steps:
            clock.at = step.at
            if change := BEFORE.get(step.name):
                change(state, ids)
            answers.append(await _send(client, step, state.settings.jwt_secret))
    return answers


async def _send(client: httpx.AsyncClient, step: Step, secret: str) -> dict[str, Any]:
    client.headers.clear()
    reply = await client.request(
        step.request["method"],
        step.request["path"],
        headers=step.headers(secret),
        content=step.content(),
    )
    return actual(reply.status_code, dict(reply.headers), reply.content, secret)


@cache
def _answers(name: str) -> list[dict[str, Any]]:
    return asyncio.run(_replay(name))


@pytest.mark.parametrize(
    ("recording", "position"),
    [
        pytest.param(name, position, id=f"{name}-{position:02}-{step.name}")
        for name in COUNTS
        for position, step in enumerate(_served(name))
    ],
)
def test_the_fake_answers_as_the_real_server_did(recording: str, position: int) -> None:
    """Status, headers, body and the claims of a refreshed token are the same."""
    assert _answers(recording)[position] == expected(_served(recording)[position])


@pytest.mark.parametrize("recording", COUNTS)
def test_no_recorded_step_is_left_out_silently(recording: str) -> None:
    """The steps compared and the steps excused are exactly the recorded ones."""
    compared = len(_served(recording))
    assert (compared, len(load(recording)) - compared) == COUNTS[recording]
