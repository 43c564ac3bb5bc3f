"""The record of decisions: each of them once, who and why, and never a token."""

import asyncio
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest

from fake_api import create_app
from fake_api.auth import Audit, Decision
from fake_api.auth.audit import AuditFile
from tests.unit.fake_api.world import World, token_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def call(world: World, method: str, path: str, authorization: str | None, json: Any = None) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(world.state), raise_app_exceptions=False)
        headers = {} if authorization is None else {"authorization": authorization}
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers, json=json)

    return asyncio.run(send())


def mint(world: World, sub: Any, scope: str = "execution", valid_for: float | None = None) -> str:
    return "Bearer " + world.state.tokens.mint(sub=str(sub), scope=scope, now=world.at, valid_for=valid_for)


def edge_token(world: World, path: str) -> str:
    seconds = int(world.at.timestamp())
    claims = {"method": path, "aud": "api", "iat": seconds, "nbf": seconds, "exp": seconds + 10}
    return jwt.encode(claims, world.settings.jwt_secret, "HS512")


def recorded(world: World) -> list[tuple[str | None, str, str]]:
    return [(each.who, each.decision, each.why) for each in world.state.audit]


def test_each_decision_is_recorded_with_who_and_why(world: World) -> None:
    ti_id = world.submit()
    ti, other = str(ti_id), str(UUID(int=999))
    own = f"/execution/task-instances/{ti}"
    beat = {"hostname": "w", "pid": 1}
    cases: list[tuple[str, str, str | None, tuple[str | None, str, str]]] = [
        ("GET", "/execution/variables/v", mint(world, ti), (ti, "allowed", "an execution token")),
        ("PUT", f"{own}/heartbeat", mint(world, ti), (ti, "allowed", "a token of this task instance")),
        ("PUT", f"{own}/heartbeat", None, (None, "denied", "Missing auth token")),
        ("PUT", f"{own}/heartbeat", "Basic x", (None, "denied", "Missing auth token")),
        ("PUT", f"{own}/heartbeat", "Bearer x", (None, "denied", "the token is malformed")),
        ("PUT", f"{own}/heartbeat", mint(world, ti, valid_for=-60), (ti, "denied", "the token has expired")),
        ("PUT", f"{own}/heartbeat", mint(world, "nobody"), (None, "denied", "the token's sub is no UUID")),
        ("PUT", f"{own}/heartbeat", mint(world, ti, "king"), (ti, "denied", "the token's scope is unknown")),
        (
            "PUT",
            f"{own}/heartbeat",
            mint(world, ti, "workload"),
            (ti, "denied", "Token type 'workload' not allowed for this endpoint. Allowed types: execution"),
        ),
        (
            "PUT",
            f"{own}/heartbeat",
            mint(world, other),
            (other, "denied", "Token subject does not match task instance ID"),
        ),
        ("GET", "/edge_worker/v1/health", None, (None, "open", "")),
        ("GET", "/execution/health", None, (None, "open", "")),
        (
            "PATCH",
            "/edge_worker/v1/worker/w1",
            edge_token(world, "worker/w1"),
            ("edge worker", "allowed", "a token for this path"),
        ),
        (
            "PATCH",
            "/edge_worker/v1/worker/w1",
            edge_token(world, "worker/w2"),
            (None, "denied", "the token was made for another path"),
        ),
        ("PATCH", "/edge_worker/v1/worker/w1", None, (None, "denied", "no authorization header")),
    ]
    expected = []
    for method, path, authorization, decision in cases:
        call(world, method, path, authorization, beat)
        if decision[1] != "open":
            expected.append((method, path, *decision))
    found = [(each.method, each.path, each.who, each.decision, each.why) for each in world.state.audit]
    assert found == expected
    assert {each.at for each in world.state.audit} == {world.at}


def test_a_token_that_is_swapped_or_refreshed_is_on_record(world: World) -> None:
    ti_id = world.submit()
    payload = {
        "state": "running",
        "hostname": "w",
        "unixname": "u",
        "pid": 1,
        "start_date": world.at.isoformat(),
    }
    path = f"/execution/task-instances/{ti_id}"
    workload = f"Bearer {token_of(world.job())}"
    new = call(world, "PATCH", f"{path}/run", workload, payload).headers["refreshed-api-token"]
    world.after(481)
    late = call(world, "PUT", f"{path}/heartbeat", f"Bearer {new}", {"hostname": "w", "pid": 1})
    assert "refreshed-api-token" in late.headers
    assert [decision for _, decision, _ in recorded(world)] == ["allowed", "swapped", "allowed", "refreshed"]
    assert {who for who, _, _ in recorded(world)} == {str(ti_id)}


def test_no_token_is_ever_in_the_file(world: World, tmp_path: Path) -> None:
    ti_id = world.submit()
    tokens = [mint(world, ti_id), mint(world, ti_id, "workload"), f"Bearer {'x' * 40}", mint(world, "nobody")]
    path = tmp_path / "audit.jsonl"
    path.write_text("what was there before\n")
    with closing(AuditFile(path)) as file:
        world.state.audit.subscribe(file)
        for token in tokens:
            call(world, "GET", "/execution/variables/v", token)
    before, *lines = path.read_text().splitlines()
    assert before == "what was there before"
    assert [json.loads(line)["decision"] for line in lines] == ["allowed", "denied", "denied", "denied"]
    assert json.loads(lines[0]).keys() == {"at", "who", "method", "path", "decision", "why"}
    for token in tokens:
        assert not any(part in path.read_text() for part in token.removeprefix("Bearer ").split("."))


def test_nobody_is_let_in_unrecorded(world: World) -> None:
    def full(_decision: Decision) -> None:
        raise OSError("No space left on device")

    world.state.audit.subscribe(full)
    variable = {"val": "1"}
    assert call(world, "PUT", "/execution/variables/v", mint(world, UUID(int=1)), variable).status_code == 500
    assert not world.state.variables


@pytest.mark.parametrize(("size", "kept"), [(2, ["1", "2"]), (5, ["0", "1", "2"])])
def test_the_memory_of_decisions_is_bounded_and_the_oldest_go_first(size: int, kept: list[str]) -> None:
    audit = Audit(size)
    for number in range(3):
        audit.record(NOW, str(number), "GET", "/", "allowed", "why")
    assert ([each.who for each in audit], len(audit)) == (kept, len(kept))
