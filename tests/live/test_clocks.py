"""A live host's wall clock jumps and is set right again under running processes; everything else goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness import ClockSkew, Fleet, Scenario, Tasks, Workers, make_plan, minutes, run_plan, seconds
from harness.errors import NotCapable
from harness.live import abilities, clocks
from harness.live.clocks import Clocks

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(clocks.library() is None, reason="libfaketime is missing: apt-get install faketime"),
]

#: Answers each line with wall clock, monotonic clock, the time of its own file, and how long a short wait took.
TELLER = """
import json, os, select, sys, threading, time
for _ in sys.stdin:
    begun = time.monotonic()
    threading.Event().wait(0.05)
    time.sleep(0.05)
    select.select([], [], [], 0.05)
    waited = time.monotonic() - begun
    told = {"wall": time.time(), "monotonic": time.monotonic(), "file": os.stat(sys.argv[1]).st_mtime, "waited": waited}
    print(json.dumps(told), flush=True)
"""
CLOSE = 30.0  # seconds: a busy machine; the clocks are off by minutes


class Teller:
    """A process that tells the time by the clock of its host."""

    def __init__(self, env: dict[str, str], file: Path) -> None:
        command = [sys.executable, "-c", TELLER, str(file)]
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def off(self) -> float:
        """By how many seconds its wall clock is off; all other times are as they should be."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert told["monotonic"] == pytest.approx(time.monotonic(), abs=CLOSE)
        assert told["file"] <= time.time()
        assert 0.15 <= told["waited"] < CLOSE
        return float(told["wall"] - time.time())


@pytest.fixture
def tellers(tmp_path: Path) -> Iterator[tuple[Clocks, Teller, Teller]]:
    """Two hosts' clocks, and a process on each."""
    file = tmp_path / "file"
    file.write_text("")
    both = Clocks(tmp_path, targets=["worker-1", "worker-[2-9]"])
    processes = [Teller(both.environment(f"worker-{n}", os.environ), file) for n in (1, 2)]
    yield both, processes[0], processes[1]
    for teller in processes:
        teller.process.communicate(timeout=60)


def test_a_clock_jumps_in_a_running_process_and_is_set_right_again(
    tellers: tuple[Clocks, Teller, Teller],
) -> None:
    both, one, other = tellers
    assert one.off() == pytest.approx(0, abs=CLOSE)
    right = both.skew("worker-1", timedelta(hours=1))
    assert one.off() == pytest.approx(3600, abs=CLOSE)
    assert other.off() == pytest.approx(0, abs=CLOSE)
    right()
    assert one.off() == pytest.approx(0, abs=CLOSE)


def test_two_faults_on_one_clock_add_up(tellers: tuple[Clocks, Teller, Teller]) -> None:
    both, one, other = tellers
    first, second = (
        both.skew("worker-*", timedelta(minutes=-30)),
        both.skew("worker-1", timedelta(minutes=10)),
    )
    assert one.off() == pytest.approx(-1200, abs=CLOSE)
    assert other.off() == pytest.approx(-1800, abs=CLOSE)
    first()
    assert one.off() == pytest.approx(600, abs=CLOSE)
    second()
    assert one.off() == pytest.approx(0, abs=CLOSE)


def test_a_host_that_no_fault_is_about_has_the_clock_of_the_machine(tmp_path: Path) -> None:
    assert Clocks(tmp_path, targets=["worker-1"]).environment("worker-2", {"A": "1"}) == {"A": "1"}


SCENARIO = Scenario(
    fleet=Fleet(count=2, slots=1, kind=Workers.SCRIPTED),
    tasks=Tasks(count=2, lasting=(seconds(1),) * 2, over=seconds(0.1)),
    faults=(ClockSkew(target="worker-1", at=seconds(3), lasting=seconds(4), behind=minutes(5)),),
    invariants=("every_fault_struck", "work_was_done"),
    until=seconds(7),
    settle=seconds(10),
    options={"edge.job_poll_interval": "1", "edge.heartbeat_interval": "1"},
)
PLAN = make_plan(SCENARIO, 1, name="clocks")


@pytest.mark.parametrize("world", ["sim", "live"])
def test_a_worker_whose_clock_is_wrong_is_refused_until_it_is_right(world: str) -> None:
    run = run_plan(PLAN, world=world)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    refused = [event for event in run.history.where(witness="client") if event.value.get("status") == 403]
    assert {event.process for event in refused} == {"worker-1"}
    over = next(run.history.where(f="fault.end"))
    heard = [event for event in run.history.where(witness="client", type="ok") if event.process == "worker-1"]
    assert heard[-1].t > over.t
    assert list(run.history.where(f="worker.exit")) == []


def test_without_the_library_the_plan_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(abilities, "library", lambda: None)
    with pytest.raises(NotCapable, match=r"libfaketime is not installed here \(apt-get install faketime\)"):
        run_plan(PLAN, world="live")


@pytest.mark.nightly
@pytest.mark.parametrize("kind", [Workers.EDGE, Workers.SUPERVISED])
def test_a_released_worker_whose_clock_is_a_little_wrong_works_on(kind: Workers) -> None:
    off = ClockSkew(target="worker-1", at=seconds(5), lasting=seconds(50), ahead=seconds(4))
    work = replace(SCENARIO.tasks, lasting=(seconds(3),) * 2, over=seconds(40), count=6)
    scenario = replace(SCENARIO, tasks=work, faults=(off,), until=seconds(56), settle=seconds(40))
    run = run_plan(make_plan(scenario, 1, name="clocks", workers=kind), world="live")
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert len(list(run.history.where(witness="body", type="ok"))) == 6
