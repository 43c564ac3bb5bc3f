"""Step by step, the fake answers what the real server answered."""

import asyncio
from functools import cache
from typing import Any

import httpx
import pytest

from fake_api import State, create_app
from tests.conformance.excuses import NOT_COMPARED
from tests.conformance.recording import Step, actual, expected, load, without_exchange
from tests.conformance.seeds import BEFORE, SEEDS, Clock, Ids

#: Recording: exchanges compared, which are all of them. A change here must be on purpose.
COUNTS = {"happy": 66, "retry": 6, "errors": 60, "edge": 49, "content": 91}


async def _replay(name: str) -> list[dict[str, Any]]:
    steps = load(name)
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
        for position, step in enumerate(load(name))
    ],
)
def test_the_fake_answers_as_the_real_server_did(recording: str, position: int) -> None:
    """Status, headers, body and the claims of a refreshed token are the same."""
    assert _answers(recording)[position] == expected(load(recording)[position])


@pytest.mark.parametrize("recording", COUNTS)
def test_no_recorded_step_is_left_out_silently(recording: str) -> None:
    """Every recorded exchange is compared, and the steps without one are exactly the excused ones."""
    assert len(load(recording)) == COUNTS[recording]
    assert without_exchange(recording) == NOT_COMPARED.get(recording, {}).keys()
