"""What faults do to hosts when they meet, and what dies with what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.model.faults import (
    ClockSkew,
    CorruptReplies,
    DnsFailure,
    Fault,
    Flaw,
    Kill,
    LoseReplies,
    Pause,
    ResetPeer,
    RestartServer,
    Stop,
)
from harness.model.history import History
from harness.model.scenario import Workers
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.units import hours, seconds
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


@pytest.mark.parametrize("flaw", Flaw)
def test_a_scripted_worker_asks_again_where_it_cannot_read_a_reply(flaw: Flaw) -> None:
    damaged = CorruptReplies(
        a="*", b="api", at=seconds(0), lasting=seconds(60), calls="ti.run", times=1, flaw=flaw
    )
    history = _run(damaged)
    assert _strikes(history) == [1]
    assert [event.type for event in history.where(witness="body")] == ["invoke", "ok"]
    assert list(history.where(f="worker.exit")) == []


def test_the_tasks_of_a_scripted_worker_die_with_it() -> None:
    class Crashing(ScriptedWorker):
        async def _heartbeat_for_ever(self) -> None:
            await asyncio.sleep(15)
            raise ValueError("crash")

    history = run_in_sim(small_plan(), parts=Parts(scripted=Crashing)).history
    assert [event.type for event in history.where(witness="body")] == ["invoke", "info"]


def _told(history: History, f: str) -> list[tuple[float, str]]:
    """When, to the second, and what: the reason of an end, the kind of a start, the victim's strike."""
    names = {"worker.exit": "reason", "worker.start": "kind", "fault.strike": "what", "connect": "reason"}
    return [(event.t // 10**9, event.value[names[f]]) for event in history.where(f=f)]


@pytest.mark.parametrize("drain", [False, True])
def test_a_released_worker_that_is_told_to_end_ends_its_work_first(drain: bool) -> None:
    told = Stop(target="worker-1", at=seconds(10), lasting=seconds(60), drain=drain)
    history = _run(told, workers=Workers.EDGE)
    signal = "SIGINT" if drain else "SIGTERM"
    assert _told(history, "fault.strike") == [(10, f"{signal} with 1 running tasks")]
    assert [event.type for event in history.where(witness="body")] == ["invoke", "ok"]
    assert _told(history, "worker.exit") == [(30, "it was done")]
    assert _told(history, "worker.start") == [(0, "edge"), (70, "edge")]
    assert _calls(history, 70, 120) > 0


def test_a_worker_without_a_handler_for_the_signal_dies_of_it() -> None:
    history = _run(Stop(target="worker-1", at=seconds(10)))
    assert [event.type for event in history.where(witness="body")] == ["invoke", "info"]
    assert _told(history, "worker.exit") == [(10, "killed")]
    assert _told(history, "worker.start") == [(0, "scripted")]
    assert _calls(history, 10.1, 180) == 0


def test_what_has_not_ended_in_time_is_killed_before_the_next_worker_boots() -> None:
    history = _run(Stop(target="worker-1", at=seconds(10), lasting=seconds(5)), workers=Workers.EDGE)
    assert _told(history, "worker.exit")[0] == (15, "killed")
    assert _told(history, "worker.start") == [(0, "edge"), (15, "edge")]


def test_a_host_that_dies_while_its_worker_ends_comes_back_when_the_kill_is_over_and_once() -> None:
    told = Stop(target="worker-1", at=seconds(10), lasting=seconds(10), drain=True)
    killed = Kill(target="worker-1", at=seconds(15), lasting=seconds(40))
    history = _run(told, killed, workers=Workers.EDGE)
    assert _told(history, "worker.exit")[0] == (15, "killed")
    assert _told(history, "worker.start") == [(0, "edge"), (55, "edge")]
    assert _strikes(history) == [1, 1]


@pytest.mark.parametrize("way", ["ahead", "behind"])
@pytest.mark.parametrize("workers", [Workers.EDGE, Workers.SCRIPTED])
def test_to_a_worker_whose_clock_is_wrong_the_server_refuses_every_call(workers: Workers, way: str) -> None:
    skew = ClockSkew(target="worker-1", at=seconds(2), lasting=seconds(60), **{way: hours(1)})
    history = _run(skew, workers=workers)
    sign = "+" if way == "ahead" else "-"
    assert _told(history, "fault.strike") == [(2, f"its clock jumped by {sign}3600 s")]
    assert {event.value["status"] for event in history.where(witness="client", type="fail")} == {403}
    own = [event for event in history.where(witness="client", type="ok") if 2 < event.seconds < 62]
    assert not {event.f for event in own} & {"worker.set_state", "jobs.fetch"}


def test_a_clock_that_is_right_again_is_right_after_a_restart_too() -> None:
    skew = ClockSkew(target="worker-1", at=seconds(30), lasting=seconds(20), ahead=hours(1))
    history = _run(skew, Stop(target="worker-1", at=seconds(31), lasting=seconds(50)))
    assert _calls(history, 81, 180) > 0


def test_the_clock_of_another_host_is_as_it_was() -> None:
    skew = ClockSkew(target="worker-2", at=seconds(2), lasting=seconds(60), ahead=hours(1))
    refused = _run(skew, count=2).where(witness="client", type="fail")
    assert {event.process for event in refused} == {"worker-2"}


@pytest.mark.parametrize(
    ("stale", "what", "seen"),
    [
        (False, "no name was found", "Temporary failure in name resolution"),
        (True, "got an address of nobody", "No route to host"),
    ],
)
def test_a_host_that_finds_no_names_cannot_connect_until_it_does(stale: bool, what: str, seen: str) -> None:
    broken = DnsFailure(target="worker-1", at=seconds(20), lasting=seconds(40), stale=stale)
    history = _run(broken, ResetPeer(a="worker-1", b="api", at=seconds(30)))
    assert [told for _, told in _told(history, "fault.strike")] == ["connection reset", what]
    assert {reason for _, reason in _told(history, "connect")} == {seen}
    assert _calls(history, 30, 60) == 0
    assert _calls(history, 60, 180) > 0
