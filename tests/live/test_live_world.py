"""A plan runs over real sockets and processes as it does in the simulation."""

from __future__ import annotations

import pytest

from harness import (
    Fleet,
    Kill,
    Latency,
    LoseReplies,
    LoseRequests,
    OutOfMemory,
    PacketLoss,
    Partition,
    Pause,
    ResetPeer,
    RestartServer,
    Scenario,
    ServerErrors,
    Tasks,
    ms,
    seconds,
)
from harness.live import world
from harness.model.faults import Victim
from harness.model.history import Event
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import Run, run_plan
from harness.units import NANOSECONDS

pytestmark = [pytest.mark.live, pytest.mark.slow]

WORK = Tasks(count=8, lasting=(seconds(2), seconds(6)), over=seconds(8), retry_delay=seconds(1))
#: The reply to a fetch may be lost on the way, and then the scheduler has to take the job back.
RESCUE = {"scheduler.task_queued_timeout": "25", "scheduler.task_queued_timeout_check_interval": "2"}
STORM = Scenario(
    fleet=Fleet(count=3, slots=3),
    tasks=WORK,
    faults=(
        Latency(a="worker-2", b="api", at=seconds(1), lasting=seconds(12), delay=ms(60), jitter=ms(20)),
        ServerErrors(a="worker-*", b="api", at=seconds(1), lasting=seconds(9), calls="jobs.*", times=2),
        LoseReplies(a="worker-*", b="api", at=seconds(2), lasting=seconds(10), calls="ti.heartbeat", times=2),
        LoseRequests(a="worker-*", b="api", at=seconds(2), lasting=seconds(15), calls="ti.state", times=1),
        PacketLoss(a="worker-3", b="api", at=seconds(1), lasting=seconds(12), probability=0.5),
        Partition(a="worker-1", b="api", at=seconds(4), lasting=seconds(5)),
        ResetPeer(a="worker-2", b="api", at=seconds(7.5)),
        Pause(target="worker-3", at=seconds(10), lasting=seconds(2)),
        RestartServer(at=seconds(14), lasting=seconds(1)),
    ),
    options=RESCUE,
    until=seconds(17),
    settle=seconds(15),
)
CUT = Scenario(
    fleet=Fleet(count=2, slots=3),
    tasks=Tasks(count=4, lasting=(seconds(3), seconds(6)), over=seconds(2), retry_delay=seconds(1)),
    faults=(Partition(a="worker-1", b="api", at=seconds(8), lasting=seconds(4)),),
    options={**RESCUE, "edge.job_poll_interval": "2"},
    until=seconds(14),
    settle=seconds(45),  # a body that has ended half a minute before the end has to be reported
)


def _live(scenario: Scenario, kind: Workers) -> Run:
    return run_plan(make_plan(scenario, 1, name="live", workers=kind), world="live")


def test_our_reference_worker_keeps_every_promise_in_a_storm_over_real_sockets() -> None:
    run = _live(STORM, Workers.SCRIPTED)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert len(list(run.history.where(f="fault.end"))) == len(STORM.faults)


def test_the_released_edge_worker_outlives_a_short_cut_and_loses_no_work() -> None:
    run = _live(CUT, Workers.EDGE)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    bodies = list(run.history.where(witness="body", type="ok"))
    assert len(bodies) >= 4


HOSTS = Scenario(
    fleet=Fleet(count=3),
    tasks=Tasks(count=0),
    faults=(
        ServerErrors(a="worker-1", b="api", at=seconds(0), lasting=seconds(6), calls="worker.*", status=403),
        Kill(target="worker-1", at=seconds(7), lasting=seconds(1)),
        Pause(target="worker-2", at=seconds(1), lasting=seconds(5)),
        Pause(target="worker-2", at=seconds(2), lasting=seconds(1)),
        OutOfMemory(target="worker-3", at=seconds(1), lasting=seconds(1.5), victim=Victim.WORKER),
        Pause(target="worker-3", at=seconds(2), lasting=seconds(4)),
    ),
    invariants=("every_fault_struck", "every_worker_rejoins"),
    until=seconds(9),
    settle=seconds(12),
    options={"edge.job_poll_interval": "1", "edge.heartbeat_interval": "1"},
)


@pytest.mark.parametrize("world", ["sim", "live"])
def test_a_host_whose_worker_has_ended_is_killed_and_boots_again_and_pauses_of_one_host_add_up(
    world: str,
) -> None:
    plan = make_plan(HOSTS, 1, name="hosts", workers=Workers.SCRIPTED)
    run = run_plan(plan, world=world)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert [event.process for event in run.history.where(f="worker.start")].count("worker-1") == 2
    assert len(list(run.history.where(f="worker.exit", process="worker-1"))) == 1
    for paused, fault in (("worker-2", 2), ("worker-3", 5)):  # the other was to be started again meanwhile
        begun, ended = (event.t for event in run.history.where(witness="nemesis") if _bounds(event, fault))
        said = [event.t for event in run.history.where(witness="client", process=paused, type="invoke")]
        assert not [t for t in said if begun + NANOSECONDS < t < ended]
        assert [t for t in said if t > ended]


def _bounds(event: Event, fault: int) -> bool:
    return event.f in ("fault.begin", "fault.end") and event.value["fault"] == fault


def test_the_history_of_a_live_run_is_in_the_order_of_its_witnesses_clocks() -> None:
    quiet = Scenario(
        fleet=Fleet(count=1, slots=2),
        tasks=Tasks(count=2, lasting=(seconds(1), seconds(2)), over=seconds(1)),
        invariants=("every_task_finishes", "work_was_done"),
        options={"edge.job_poll_interval": "1"},
        until=seconds(4),
        settle=seconds(12),
    )
    run = _live(quiet, Workers.SCRIPTED)
    times = [event.t for event in run.history]
    assert times == sorted(times)
    assert [event.n for event in run.history] == list(range(len(times)))
    assert run.verdict.answer == "valid"


def test_a_worker_that_does_not_come_up_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "BOOT_TIMEOUT", 0.0)
    with pytest.raises(Exception, match="worker-1 has not registered within 0 s"):
        _live(CUT, Workers.SCRIPTED)


@pytest.mark.parametrize(("patience", "answer"), [(60.0, "valid"), (0.0, "invalid")])
def test_a_calm_that_is_too_short_lasts_longer_until_all_is_done_or_patience_is_out(
    monkeypatch: pytest.MonkeyPatch, patience: float, answer: str
) -> None:
    monkeypatch.setattr(world, "PATIENCE", patience)
    in_turn = Scenario(
        fleet=Fleet(count=1, slots=1),
        tasks=Tasks(count=2, lasting=(seconds(3), seconds(3)), over=seconds(1)),
        invariants=("every_task_finishes", "work_was_done"),
        options={"edge.job_poll_interval": "1"},
        until=seconds(2),
        settle=seconds(2),
    )
    run = _live(in_turn, Workers.SCRIPTED)
    assert run.verdict.answer == answer, run.verdict.counterexamples
