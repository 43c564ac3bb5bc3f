"""What the released supervisor does to a task, in virtual time; and that our own reading of it does the same."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from functools import partial
from statistics import mean
from typing import Any

import pytest

from harness import (
    Fleet,
    LoseRequests,
    Run,
    Scenario,
    ServerErrors,
    Tasks,
    Workers,
    minutes,
    run_plan,
    seconds,
)
from harness.catalogue import find
from harness.invariants import judge
from harness.model.history import Event, History
from harness.model.planning import make_plan
from harness.sim.node import here
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.workers.client import Reply
from harness.workers.scripted import ScriptedWorker
from harness.workers.scripted_task import ScriptedTask

SUPERVISED = Workers.SUPERVISED
RELEASED = [Workers.EDGE, SUPERVISED]
each_released = pytest.mark.parametrize("kind", RELEASED)


def scenario(name: str, kind: Workers = SUPERVISED, seed: int = 1, **parameters: str) -> Run:
    return run_plan(make_plan(find(name).build(**parameters), seed, name=name, workers=kind))


TASK = Scenario(
    fleet=Fleet(count=1, kind=SUPERVISED),
    tasks=Tasks(count=1, lasting=(seconds(30), seconds(30)), over=seconds(1), retries=0),
    until=minutes(3),
    settle=minutes(8),
)


def one_task(
    *faults: LoseRequests | ServerErrors,
    retries: int = 0,
    failing_first: int = 0,
    options: dict[str, str] | None = None,
) -> History:
    """The history of a task of half a minute, under those faults."""
    tasks = replace(TASK.tasks, retries=retries, failing_first=failing_first)
    plan = make_plan(replace(TASK, tasks=tasks, faults=faults), 1, name="one-task", options=options)
    return run_plan(plan).history


def at(history: History, call: str, type: str, **value: object) -> list[float]:
    """When, in seconds, such events were."""
    found = history.where(f=call, type=type)
    return [each.t / 10**9 for each in found if value.items() <= each.value.items()]


def killed(history: History) -> float:
    (moment,) = at(history, "body", "info")
    return moment


# -- what it does ----------------------------------------------------------------------------------------


def test_it_makes_the_calls_of_a_task_in_the_order_of_the_released_one() -> None:
    calls = [
        event.f
        for event in one_task().where(witness="client", type="invoke")
        if event.f.startswith(("ti.", "xcoms", "variables", "connections"))
    ]
    start = ["ti.run", "ti.heartbeat", "ti.rtif", "variables.get", "connections.get"]
    assert calls[:5] == start
    assert calls[5:-2] == ["ti.heartbeat"] * 5
    assert calls[-2:] == ["xcoms.set", "ti.state"]


def test_a_task_that_has_ended_keeps_its_slot_for_an_interval_more() -> None:
    history = one_task()
    (reported,) = at(history, "ti.state", "ok")
    (told,) = at(history, "jobs.state", "invoke", state="success")
    assert told - reported == pytest.approx(5.0, abs=0.1)


def test_a_task_that_fails_is_retried_as_long_as_it_has_tries() -> None:
    states = [
        [each.value["new"] for each in one_task(failing_first=1, retries=retries).where(f="task_instance")]
        for retries in (0, 1)
    ]
    assert states[0][-1] == "failed"
    assert (states[1][2], states[1][-1]) == ("up_for_retry", "success")


def test_a_final_state_that_cannot_be_told_is_told_once_more_at_the_end() -> None:
    """Five attempts when the task ends, five more when the supervisor does."""
    lost = LoseRequests(a="*", b="api", at=seconds(30), lasting=minutes(2), calls="ti.state", times=7)
    history = one_task(lost)
    assert len(at(history, "ti.state", "info")) == 7
    assert len(at(history, "ti.state", "ok")) == 1


def test_a_heartbeat_that_a_proxy_refuses_does_not_end_the_task() -> None:
    for status in 404, 409, 410:
        refusing = ServerErrors(
            a="*", b="api", at=seconds(10), lasting=minutes(1), calls="ti.heartbeat", status=status, times=2
        )
        assert len(at(one_task(refusing), "body", "ok")) == 1


def test_a_return_value_that_cannot_be_stored_fails_the_task() -> None:
    broken = ServerErrors(a="*", b="api", at=seconds(1), lasting=minutes(2), calls="xcoms.set", status=500)
    history = one_task(broken)
    assert len(at(history, "xcoms.set", "info")) == 5
    assert [each.value["new"] for each in history.where(f="task_instance")][-1] == "failed"


def test_a_body_that_ends_before_it_is_killed_is_reported_as_it_ended() -> None:
    """SIGTERM is for the operator's on_kill; there are five seconds left."""
    silent = ServerErrors(
        a="*", b="api", at=seconds(29), lasting=minutes(1), calls="ti.heartbeat", status=403
    )
    history = one_task(silent, options={"workers.max_failed_heartbeats": "1"})
    assert len(at(history, "body", "ok")) == len(at(history, "ti.state", "invoke", state="success")) == 1


@pytest.mark.parametrize(("sig", "reported"), [(signal.SIGTERM, 1), (signal.SIGKILL, 0)])
@each_released
def test_signals_reach_the_supervisor_and_its_task_goes_on(
    kind: Workers, sig: signal.Signals, reported: int
) -> None:
    """SIGTERM is passed on for the operator's on_kill; a supervisor that is killed leaves an orphan."""
    plan = make_plan(TASK, 1, name="signalled", workers=kind)

    def send(event: Event) -> None:
        if event.f == "body" and event.type == "invoke" and event.value["try"] == 1:
            supervisor, _ = here().processes.values()
            asyncio.get_running_loop().call_later(10, supervisor.signal, sig)

    history = run_in_sim(plan, parts=Parts(told=send)).history
    assert len(at(history, "body", "ok")) == 1
    assert len(at(history, "ti.state", "invoke", state="success")) == reported
    told = "success" if reported else "failed"  # to the executor
    assert len(at(history, "jobs.state", "invoke", state=told)) == 1


# -- what it does when the server is lost, or says no; edge workers' task processes are our own reading of it -------


@each_released
def test_a_task_whose_server_is_lost_is_killed_after_three_failed_heartbeats(kind: Workers) -> None:
    """Real time, measured once: SIGTERM 43.6 s after the last good heartbeat, SIGKILL five seconds later.

    Each heartbeat is tried five times, with waits of 1, 1–2, 1–4 and 1–8 s between: 9.5 s on average.
    """
    delays = []
    for seed in range(1, 13):
        history = scenario("lost-server", kind, seed).history
        killed, *_ = at(history, "body", "info")
        delays.append(killed - max(moment for moment in at(history, "ti.heartbeat", "ok") if moment < killed))
    assert all(5 + 27 <= delay <= 5 + 60.5 for delay in delays)
    assert mean(delays) == pytest.approx(5 + 43.5, abs=5)


@each_released
@pytest.mark.parametrize(("retries", "status"), [(1, 410), (0, 409)])
def test_a_task_that_the_server_withdrew_is_killed_at_the_next_heartbeat(
    kind: Workers, retries: int, status: int
) -> None:
    """410: it waits for its retry under another id. 409: it has failed."""
    history = scenario("withdrawn-task", kind, retries=str(retries)).history
    (refused,) = at(history, "ti.heartbeat", "fail", status=status)
    assert killed(history) - refused == pytest.approx(5.0, abs=0.1)
    states = [each for each in history.where(f="ti.state", type="invoke") if each.t / 10**9 < refused + 60]
    assert states == []  # the server knows better, and is told nothing


@pytest.mark.parametrize("kind", Workers)
def test_a_task_outlives_its_tokens(kind: Workers) -> None:
    run = scenario("outlived-tokens", kind)
    assert run.verdict.answer == "valid"
    lifetime, task = 60, 300
    assert task > 4 * lifetime
    assert at(run.history, "ti.heartbeat", "fail") == []


@pytest.mark.parametrize("name", ["cut-off-worker", "lost-replies", "kill-and-reroute", "lost-server"])
def test_supervised_workers_lose_no_work(name: str) -> None:
    run = scenario(name)
    assert run.verdict.answer == "valid", run.verdict.counterexamples


class _Forgetful(ScriptedTask):
    """Ignores the tokens that the server sends."""

    async def _attempt(self, method: str, path: str, body: Any = None) -> Reply:
        token, starting = self.token, path.endswith("/run")
        reply = await super()._attempt(method, path, body)
        self.token = self.token if starting else token
        return reply


def test_a_worker_that_ignores_new_tokens_does_not_get_through() -> None:
    plan = make_plan(find("outlived-tokens").build(), 1, name="forgetful", workers=Workers.SCRIPTED)
    forgetful = partial(ScriptedWorker, attempt=_Forgetful)
    world = run_in_sim(plan, parts=Parts(scripted=forgetful))
    assert "every_task_finishes" in {found.invariant for found in judge(world.history, plan).counterexamples}
    assert at(world.history, "ti.heartbeat", "fail", status=403)
