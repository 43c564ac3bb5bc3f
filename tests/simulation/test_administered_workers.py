"""What released edge workers do when an administrator asks them for something, a minute into the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fake_api import RULES, Rules
from fake_api.outcome import Outcome
from fake_api.rows import EdgeWorker
from harness.model.history import History
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.sim.session import run_in_sim
from harness.sim.world import EPOCH, Parts
from harness.units import minutes, nanoseconds, seconds

ASKED = timedelta(minutes=1)
#: A worker hears of a wish with its next heartbeat, which comes every 30 s or when its jobs change.
HEARD = nanoseconds(ASKED + seconds(31))
LATER = nanoseconds(minutes(6))

Wish = Callable[[EdgeWorker, datetime], Outcome]


def administered(wish: Wish) -> Rules:
    """Rules by which worker-1 has this wished of it just before its first heartbeat after a minute."""
    done: list[bool] = []

    def set_worker_state(worker: EdgeWorker | None, *, now: datetime, **asked: Any) -> Outcome:
        if worker is None or done or worker.worker_name != "worker-1" or now < EPOCH + ASKED:
            return RULES.set_worker_state(worker, now=now, **asked)
        done.append(True)
        wished = wish(worker, now)
        (row,) = wished.rows
        outcome = RULES.set_worker_state(row, now=now, **asked)
        return replace(outcome, changes=wished.changes + outcome.changes)

    return replace(RULES, set_worker_state=set_worker_state)


def run(wish: Wish) -> History:
    """Two released workers of two slots with more work than they can do."""
    scenario = Scenario(
        fleet=Fleet(count=2, slots=2, kind=Workers.EDGE),
        tasks=Tasks(count=60, lasting=(seconds(15), seconds(25)), over=seconds(20)),
        until=minutes(2),
        settle=minutes(15),
    )
    plan = make_plan(scenario, 1, name="administered")
    return run_in_sim(plan, parts=Parts(rules=administered(wish))).history


def fetched(history: History, worker: str, since: int) -> int:
    """How many jobs a worker was handed from a moment on, in nanoseconds."""
    calls = history.where(f="jobs.fetch", type="ok", process=worker)
    return sum(1 for event in calls if event.t > since and event.value.get("job"))


def states_of_worker_1(history: History) -> list[str]:
    """The states worker-1 went through, as the server saw them."""
    moves = history.where(witness="server", f="edge_worker")
    return [str(event.value["new"]) for event in moves if event.value["worker"] == "worker-1"]


def test_a_worker_asked_to_shut_down_ends_its_tasks_and_leaves() -> None:
    history = run(lambda worker, now: RULES.request_shutdown(worker, now=now))
    assert fetched(history, "worker-1", HEARD) == 0
    assert fetched(history, "worker-2", HEARD) > 0
    assert states_of_worker_1(history)[-2:] == ["shutdown request", "offline"]
    assert [event.process for event in history.where(f="worker.exit")] == ["worker-1"]
    assert list(history.where(f="body", type="info")) == []


def test_a_worker_in_maintenance_takes_no_job_and_stays() -> None:
    history = run(
        lambda worker, now: RULES.request_maintenance(worker, comment="disk", user="admin", now=now)
    )
    assert fetched(history, "worker-1", HEARD) == 0
    assert states_of_worker_1(history)[-3:] == [
        "maintenance request",
        "maintenance pending",
        "maintenance mode",
    ]
    assert list(history.where(f="worker.exit")) == []


def test_a_worker_takes_over_the_concurrency_it_is_told() -> None:
    history = run(lambda worker, _now: RULES.set_worker_concurrency(worker, concurrency=1))
    settled = HEARD + nanoseconds(seconds(30))
    running, most = 0, 0
    for event in history.where(f="body", process="worker-1"):
        running += 1 if event.type == "invoke" else -1
        most = max(most, running if event.t > settled else 0)
    assert most == 1


def test_a_worker_takes_jobs_from_the_queues_it_is_told() -> None:
    def move(worker: EdgeWorker, _now: datetime) -> Outcome:
        added = RULES.add_worker_queues(worker, queues=["other"])
        (row,) = added.rows
        return RULES.remove_worker_queues(row, queues=["default"])

    history = run(move)
    assert fetched(history, "worker-1", HEARD) == 0
    assert fetched(history, "worker-2", LATER) > 0
    assert states_of_worker_1(history)[-1] == "idle"
