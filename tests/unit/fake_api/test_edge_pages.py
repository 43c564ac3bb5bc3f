"""Who may see the edge pages, what they show, and how they are searched."""

import asyncio
from typing import Any

import httpx
import pytest

from fake_api import Settings, create_app
from fake_api.auth.users import mint_user_token
from fake_api.edge.patterns import contains, serves
from tests.unit.fake_api.edge_client import Edge
from tests.unit.fake_api.world import World


def listed(world: World, **headers: str) -> int:
    """The status of listing the workers with these headers."""

    async def ask() -> int:
        transport = httpx.ASGITransport(create_app(world.state), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/edge_worker/ui/worker", headers=headers)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize("role", ["VIEWER", "USER", "OP", "ADMIN", "admin"])
def test_everybody_who_may_view_may_shut_a_worker_down(world: World, role: str) -> None:
    token = mint_user_token(world.settings, "eve", world.at, role=role)
    assert listed(world, authorization=f"Bearer {token}") == 200
    assert listed(world, cookie=f"other=1; _token={token}") == 200


def test_a_bearer_token_counts_before_the_cookie(world: World) -> None:
    token = mint_user_token(world.settings, "eve", world.at)
    assert listed(world, authorization="Bearer not.a.token", cookie=f"_token={token}") == 403
    assert listed(world, authorization="Basic YTpi", cookie=f"_token={token}") == 200


def test_a_login_lasts_a_day(world: World) -> None:
    token = mint_user_token(world.settings, "eve", world.at)
    world.after(86400 + 9)
    assert listed(world, authorization=f"Bearer {token}") == 200
    world.after(1)
    assert listed(world, authorization=f"Bearer {token}") == 401


def test_no_other_token_opens_the_pages(world: World) -> None:
    task = world.state.tokens.mint(sub="0" * 32, scope="execution", now=world.at)
    other = mint_user_token(Settings(jwt_secret="x" * 64), "eve", world.at)
    worker = Edge(world).token("worker/w1")
    assert [listed(world, authorization=f"Bearer {each}") for each in (task, other, worker)] == [403] * 3


def test_each_look_is_recorded(world: World) -> None:
    token = mint_user_token(world.settings, "eve", world.at)
    listed(world, authorization=f"Bearer {token}")
    listed(world)
    assert [(each.who, each.decision) for each in world.state.audit] == [("eve", "allowed"), (None, "denied")]


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("worker-1", "KER", True),
        ("worker-1", "r_1", True),
        ("worker-1", "w%1", True),
        ("worker-1", "r.1", False),
        ("worker-1", "", True),
        ("worker-1", None, True),
        (None, "w", False),
        (None, None, True),
        ("a\nb", "a%b", True),
    ],
)
def test_names_are_searched_as_sql_does(text: str | None, pattern: str | None, found: bool) -> None:
    assert contains(text, pattern) is found


@pytest.mark.parametrize(
    ("pattern", "found"), [("bl", True), ("GRE", True), ("lue", False), ("blue', 'gr", True), (None, True)]
)
def test_a_queue_is_found_by_how_it_begins(pattern: str | None, found: bool) -> None:
    assert serves(("blue", "green"), pattern) is found


def test_jobs_are_listed_without_their_tokens(world: World) -> None:
    world.submit(queue="blue")
    answer = Edge(world).administer("GET", "jobs", state="queued")
    (job,) = answer.body["jobs"]
    assert (job["task_id"], job["queue"], job["state"]) == ("task", "blue", "queued")
    assert "token" not in str(answer.body)


@pytest.mark.parametrize(
    "search",
    [
        {"dag_id_pattern": "no"},
        {"run_id_pattern": "no"},
        {"task_id_pattern": "no"},
        {"queue_pattern": "no"},
        {"worker_name_pattern": "no"},
        {"state": "running"},
    ],
)
def test_a_search_that_fits_nothing_finds_no_job(world: World, search: dict[str, Any]) -> None:
    world.submit()
    assert Edge(world).administer("GET", "jobs", **search).body == {"jobs": [], "total_entries": 0}
