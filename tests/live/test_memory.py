"""Memory runs short on a live host: one process gets SIGKILL, and those around it see that and nothing else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import Fleet, OutOfMemory, Scenario, Tasks, Victim, Workers, make_plan, run_plan, seconds
from harness.live.hosts import Host, lives
from harness.live.memory import Memory, largest
from harness.model.history import History

pytestmark = pytest.mark.live

#: A worker with two tasks, one of which holds 64 MB; it writes how each has ended.
WORKER = """
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
def task(size):
    held = bytearray(size)
    time.sleep(60)
tasks = {}
for size in (1, 1 << 26):
    pid = os.fork()
    if pid == 0:
        task(size)
        os._exit(0)
    tasks[pid] = size
    (folder / f"task-{size}").write_text(str(pid))
while True:
    pid, status = os.wait()
    (folder / f"end-{tasks[pid]}").write_text(str(os.waitstatus_to_exitcode(status)))
"""
SMALL, LARGE = 1, 1 << 26


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come about within 60 s"
        time.sleep(0.02)


def _number(path: Path) -> int:
    _until(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


@contextmanager
def _host(folder: Path) -> Iterator[tuple[Host, dict[int, int]]]:
    """The host, and its tasks by size."""
    command = [sys.executable, "-c", WORKER, str(folder)]
    host = Host("worker-1", command, home=folder / "home", env={})
    try:
        tasks = {size: _number(folder / f"task-{size}") for size in (SMALL, LARGE)}
        _until(lambda: largest(tasks.values()) == tasks[LARGE])
        yield host, tasks
    finally:
        host.kill()


def _memory(host: Host, tasks: set[int], *, started: list[str] | None = None) -> Memory:
    return Memory(
        lambda pattern: {"worker-1": host},
        bodies=lambda name: {pid for pid in tasks if lives(pid)},
        start_again=lambda name, host: None if started is None else started.append(name),
    )


def test_the_largest_task_gets_sigkill_and_its_parent_sees_it(tmp_path: Path) -> None:
    strikes: list[tuple[str, str]] = []
    with _host(tmp_path) as (host, tasks):
        memory = _memory(host, set(tasks.values()))
        memory.runs_short("worker-1", Victim.TASK, lambda *told: strikes.append(told), goes_on=False)
        assert _number(tmp_path / f"end-{LARGE}") == -9
        memory.look()
        assert lives(tasks[SMALL])
        assert host.exit_code is None
    assert strikes == [("worker-1", "its largest task was killed")]


def test_what_begins_while_memory_is_short_is_killed_and_what_begins_after_is_not(tmp_path: Path) -> None:
    strikes: list[tuple[str, str]] = []
    with _host(tmp_path) as (host, tasks):
        running: set[int] = set()
        memory = _memory(host, running)
        heal = memory.runs_short("worker-1", Victim.TASK, lambda *told: strikes.append(told), goes_on=True)
        assert strikes == []
        running.add(tasks[SMALL])
        memory.look()
        assert _number(tmp_path / f"end-{SMALL}") == -9
        heal()
        running.add(tasks[LARGE])
        memory.look()
        assert lives(tasks[LARGE])
    assert len(strikes) == 1


def test_the_worker_gets_sigkill_and_its_tasks_live_until_their_host_dies(tmp_path: Path) -> None:
    started: list[str] = []
    with _host(tmp_path) as (host, tasks):
        memory = _memory(host, set(tasks.values()), started=started)
        heal = memory.runs_short("worker-1", Victim.WORKER, lambda *told: None, goes_on=True)
        _until(lambda: host.exit_code == -9)
        assert all(lives(pid) for pid in tasks.values())
        heal()
        assert started == ["worker-1"]
    assert not any(lives(pid) for pid in tasks.values())


ONE = Fleet(count=1, slots=1, kind=Workers.SCRIPTED)


def _run(scenario: Scenario) -> History:
    return run_plan(make_plan(scenario, 1, name="memory"), world="live").history


def test_a_worker_that_was_killed_starts_again_on_its_host() -> None:
    short = OutOfMemory(target="worker-1", at=seconds(6), lasting=seconds(1))
    history = _run(
        Scenario(
            fleet=ONE,
            tasks=Tasks(count=1, lasting=(seconds(12),) * 2, over=seconds(0.1)),
            faults=(short,),
            invariants=("every_fault_struck",),
            until=seconds(7),
            settle=seconds(7),
            options={"edge.job_poll_interval": "1"},
        )
    )
    assert [event.type for event in history.where(witness="body")] == ["invoke", "info"]
    told = [
        (event.f, event.value.get("reason")) for event in history.where(witness="world", process="worker-1")
    ]
    assert told == [("worker.start", None), ("worker.exit", "killed"), ("worker.start", None)]


@pytest.mark.nightly
def test_a_killed_task_is_reported_by_its_released_supervisor_as_in_the_simulation() -> None:
    scenario = Scenario(
        fleet=Fleet(count=1, slots=2, kind=Workers.SUPERVISED),
        tasks=Tasks(count=1, lasting=(seconds(65),) * 2, over=seconds(1), retries=0),
        faults=(OutOfMemory(target="worker-1", at=seconds(5), lasting=seconds(60)),),
        invariants=("every_fault_struck",),
        until=seconds(66),
        settle=seconds(5),
        options={"workers.min_heartbeat_interval": "1"},
    )
    states = {}
    for world in "sim", "live":
        history = run_plan(make_plan(scenario, 1, name="memory"), world=world).history
        states[world] = [event.value["new"] for event in history.where(witness="server", f="task_instance")]
    assert states["live"] == states["sim"] == ["queued", "running", "failed"]
