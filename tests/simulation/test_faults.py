"""What faults do to hosts when they meet, and what dies with what."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.model.faults import Fault, LoseReplies, Pause, RestartServer
from harness.model.history import History
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.units import seconds
from harness.workers.scripted import ScriptedWorker
from tests.simulation.plans import small_plan


def _run(*faults: Fault, **more: Any) -> History:
    return run_in_sim(small_plan(*faults, **more)).history


def _calls(history: History, start: float, end: float) -> int:
    return sum(1 for event in history.where(witness="client", type="ok") if start < event.seconds < end)


def _strikes(history: History) -> list[int]:
    return [event.value["strikes"] for event in history.where(f="fault.end")]


def test_a_host_that_two_faults_pause_goes_on_when_the_last_has_ended() -> None:
    first = Pause(target="worker-1", at=seconds(10), lasting=seconds(20))
    history = _run(first, Pause(target="worker-*", at=seconds(20), lasting=seconds(40)))
    assert _calls(history, 10, 60) == 0
    assert _calls(history, 60, 120) > 0


def test_a_server_that_is_down_cannot_be_restarted() -> None:
    first = RestartServer(at=seconds(10), lasting=seconds(40))
    history = _run(first, RestartServer(at=seconds(20), lasting=seconds(10)))
    assert _calls(history, 10, 50) == 0
    assert _calls(history, 50, 120) > 0
    assert _strikes(history) == [0, 1]


def test_once_is_once_for_a_whole_fleet() -> None:
    lost = LoseReplies(a="worker-*", b="api", at=seconds(0), lasting=seconds(60), times=1)
    assert _strikes(_run(lost, count=4)) == [1]


def test_the_tasks_of_a_scripted_worker_die_with_it() -> None:
    class Crashing(ScriptedWorker):
        async def _heartbeat_for_ever(self) -> None:
            await asyncio.sleep(15)
            raise ValueError("crash")

    history = run_in_sim(small_plan(), parts=Parts(scripted=Crashing)).history
    assert [event.type for event in history.where(witness="body")] == ["invoke", "info"]
