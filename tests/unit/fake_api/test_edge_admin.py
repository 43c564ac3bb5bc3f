"""What an administrator does to an edge worker, and how the worker hears of it."""

from typing import Any

import pytest

from fake_api import RULES, Settings
from fake_api.names import EdgeWorkerState as Worker
from fake_api.outcome import Outcome
from fake_api.rows import EdgeWorker
from fake_api.transitions.edge_workers import GONE
from harness.model.lifecycle import is_legal
from tests.unit.fake_api.edge_client import Edge
from tests.unit.fake_api.world import START, SYSINFO, World

#: What an administrator can do, by the rule's name, with its arguments.
WISHES: dict[str, dict[str, Any]] = {
    "request_maintenance": {"comment": "new disk", "user": "admin", "now": START},
    "change_maintenance_comment": {"comment": "later", "user": "admin", "now": START},
    "exit_maintenance": {"now": START},
    "request_shutdown": {"now": START},
    "remove_worker": {"now": START},
    "add_worker_queues": {"queues": ["red"]},
    "remove_worker_queues": {"queues": ["blue"]},
    "set_worker_concurrency": {"concurrency": 3},
}
#: Where a wish is refused with 400.
REFUSED = {
    "change_maintenance_comment": frozenset(Worker)
    - {
        Worker.MAINTENANCE_REQUEST,
        Worker.MAINTENANCE_PENDING,
        Worker.MAINTENANCE_MODE,
        Worker.OFFLINE_MAINTENANCE,
    },
    "remove_worker": frozenset(Worker) - GONE,
    "add_worker_queues": GONE,
    "remove_worker_queues": GONE,
    "set_worker_concurrency": GONE,
}
#: The state a wish leads to, where it changes that.
BECOMES = {
    "request_maintenance": "maintenance request",
    "exit_maintenance": "maintenance exit",
    "request_shutdown": "shutdown request",
}


def wished(wish: str, state: Worker) -> Outcome:
    worker = EdgeWorker(worker_name="w1", state=state, last_update=START, queues=("blue",))
    outcome: Outcome = getattr(RULES, wish)(worker, **WISHES[wish])
    return outcome


@pytest.mark.parametrize("state", Worker)
@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_is_granted_or_refused_by_the_workers_state(wish: str, state: Worker) -> None:
    refused = state in REFUSED.get(wish, frozenset())
    outcome = wished(wish, state)
    assert outcome.reply.status == (400 if refused else 200)
    assert not (refused and (outcome.rows or outcome.deleted))


@pytest.mark.parametrize("state", Worker)
@pytest.mark.parametrize("wish", BECOMES)
def test_a_wish_leads_to_one_state_from_wherever_it_is_granted(wish: str, state: Worker) -> None:
    """A worker that has left is not asked to shut down, and nobody is told."""
    left_alone = wish == "request_shutdown" and state in GONE
    rows = [row.state for row in wished(wish, state).rows if isinstance(row, EdgeWorker)]
    assert rows == ([] if left_alone else [BECOMES[wish]])


@pytest.mark.parametrize("state", Worker)
@pytest.mark.parametrize("wish", WISHES)
def test_what_an_administrator_does_is_legal(wish: str, state: Worker) -> None:
    changes = wished(wish, state).changes
    assert [each for each in changes if not is_legal("edge_worker", each.old, each.new)] == []


def test_a_worker_goes_into_maintenance_and_comes_back(world: World) -> None:
    edge = Edge(world)
    edge.register()
    assert edge.administer("POST", "worker/w1/maintenance", {"maintenance_comment": "disk"}).status == 200
    asked = edge.heartbeat().body
    assert asked["state"] == "maintenance request"
    assert (
        asked["maintenance_comments"]
        == "[2026-01-01 00:00] - admin put node into maintenance mode\nComment: disk"
    )
    assert edge.heartbeat(state="maintenance mode").body["state"] == "maintenance mode"
    edge.administer("DELETE", "worker/w1/maintenance")
    assert edge.heartbeat(state="maintenance mode").body["state"] == "idle"


def test_a_shutdown_is_asked_for_until_the_worker_is_gone(world: World) -> None:
    edge = Edge(world)
    edge.register()
    edge.administer("POST", "worker/w1/shutdown")
    told = [edge.heartbeat(state=said).body["state"] for said in ("running", "terminating", "offline")]
    assert told == ["shutdown request", "shutdown request", "offline"]


def test_queues_and_concurrency_reach_the_worker_with_its_next_heartbeat(world: World) -> None:
    edge = Edge(world)
    edge.register(queues=["blue"])
    edge.administer("PUT", "worker/w1/queues/red")
    edge.administer("DELETE", "worker/w1/queues/blue")
    edge.administer("PATCH", "worker/w1/concurrency", {"concurrency": 3})
    told = edge.heartbeat().body
    assert (told["queues"], told["concurrency"]) == (["red"], 3)


def test_the_concurrency_outlives_the_worker_and_its_queues_do_not(world: World) -> None:
    edge = Edge(world)
    edge.register(queues=["blue"])
    edge.administer("PUT", "worker/w1/queues/red")
    edge.administer("PATCH", "worker/w1/concurrency", {"concurrency": 3})
    edge.heartbeat(state="offline")
    edge.register(queues=["blue"])
    told = edge.heartbeat().body
    assert (told["queues"], told["concurrency"]) == (["blue"], 3)


def test_maintenance_asked_of_a_dead_worker_takes_its_name_until_the_next_sweep(world: World) -> None:
    edge = Edge(world)
    edge.register()
    edge.heartbeat(state="offline")
    world.after(151)
    edge.administer("POST", "worker/w1/maintenance", {"maintenance_comment": "disk"})
    assert edge.register().status == 409
    world.sweep()
    assert edge.register().status == 200
    assert world.state.edge_workers["w1"].state == "maintenance request"


def test_a_removed_worker_is_gone_and_its_job_stays(world: World) -> None:
    edge = Edge(world)
    edge.register()
    world.submit()
    world.fetch()
    edge.heartbeat(state="offline")
    assert edge.administer("DELETE", "worker/w1").status == 200
    assert edge.heartbeat().status == 404
    job = world.job()
    assert job is not None
    assert job.edge_worker == "w1"
    assert world.told("edge_worker")[-1] == ("offline", None, "DELETE worker")


def test_a_worker_is_first_online_once(world: World) -> None:
    edge = Edge(world)
    edge.register()
    world.after(60)
    edge.heartbeat(state="offline")
    edge.register()
    (listed,) = edge.administer("GET", "worker").body["workers"]
    assert (listed["first_online"], listed["last_heartbeat"]) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:01:00Z",
    )


@pytest.mark.parametrize(
    ("database", "status"), [("postgresql", 500), ("sqlite", 200)], ids=["PostgreSQL", "SQLite"]
)
@pytest.mark.parametrize(
    "body",
    [
        {"queues": ["q" * 260]},
        {"team_name": "t" * 65},
        {"state": "maintenance mode", "maintenance_comments": "c" * 1025},
        {"state": "maintenance mode", "maintenance_comments": "a\0b"},
    ],
    ids=["queues", "team", "comment", "NUL"],
)
def test_postgresql_refuses_what_sqlite_stores(database: Any, status: int, body: dict[str, Any]) -> None:
    world = World(settings=Settings(database=database))
    edge = Edge(world)
    assert edge.register(**body).status == status
    assert len(world.state.edge_workers) == (status == 200)


@pytest.mark.parametrize(("database", "status"), [("postgresql", 500), ("sqlite", 200)])
def test_a_name_has_64_characters_on_postgresql(database: Any, status: int) -> None:
    edge = Edge(World(settings=Settings(database=database)))
    assert [edge.register("x" * length).status for length in (64, 65)] == [200, status]


def test_sqlite_has_integers_of_64_bits() -> None:
    edge = Edge(World(settings=Settings(database="sqlite")))
    edge.register()
    assert edge.heartbeat(jobs_active=2**63 - 1).status == 200
    assert edge.heartbeat(jobs_active=2**63).status == 500
    assert edge.administer("PATCH", "worker/w1/concurrency", {"concurrency": 2**63}).status == 500
    assert edge.work("PATCH", f"jobs/state/dag/task/run/{2**63}/-1/success").status == 500
    assert edge.work("POST", "jobs/fetch/w1", {"free_concurrency": 2**63}).status == 500


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_what_no_database_takes_does_not_spoil_the_worker(database: Any) -> None:
    """Half of a surrogate pair would be in every reply to it from then on."""
    edge = Edge(World(settings=Settings(database=database)))
    comment = {"state": "maintenance mode", "maintenance_comments": "\ud800"}
    assert [edge.register(**comment).status, edge.heartbeat().status] == [500, 404]
    assert [edge.register().status, edge.register("w2", team_name="\ud800").status] == [200, 500]
    assert [edge.heartbeat(**comment).status, edge.heartbeat().status] == [500, 200]


def test_a_worker_s_name_ends_at_a_question_mark_for_its_token(world: World) -> None:
    edge = Edge(world)
    whole, cut = edge.token("worker/a?b"), edge.token("worker/a")
    body = {"state": "starting", "sysinfo": SYSINFO}
    assert [edge.work("POST", "worker/a%3Fb", body, authorization=each).status for each in (whole, cut)] == [
        403,
        200,
    ]
