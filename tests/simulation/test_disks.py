"""A simulated host's disk is full: what released code writes there fails, and what comes of that."""

from __future__ import annotations

from dataclasses import replace

from harness.invariants import judge
from harness.model.faults import DiskFull
from harness.model.history import History
from harness.model.scenario import Workers
from harness.sim.session import run_in_sim
from harness.units import seconds
from tests.simulation.plans import small_plan


def _run(at: float) -> History:
    full = DiskFull(target="worker-1", at=seconds(at), lasting=seconds(60))
    return run_in_sim(small_plan(full, workers=Workers.EDGE)).history


def _new(history: History, table: str) -> list[str]:
    return [event.value["new"] for event in history.where(witness="server", f=table)]


def test_a_supervisor_that_cannot_write_its_log_dies_and_its_task_never_begins() -> None:
    history = _run(2)
    (strike,) = history.where(f="fault.strike")
    assert (strike.value["victim"], strike.value["what"]) == (
        "worker-1",
        "a write failed: no space left on device",
    )
    assert list(history.where(f="body")) == []
    assert _new(history, "edge_job") == ["queued", "restarting", "running", "failed"]
    assert list(history.where(f="worker.exit")) == []


def test_a_task_that_ends_well_on_a_full_disk_is_failed() -> None:
    """Its last words before its outcome cannot be written, and its supervisor dies of that."""
    history = _run(10)
    assert [event.type for event in history.where(f="body")] == ["invoke", "ok"]
    assert _new(history, "task_instance")[-1] == "failed"
    assert _new(history, "edge_job")[-1] == "failed"


def test_the_disk_of_another_host_has_room() -> None:
    """A task on each of two hosts; every job process of the one fails, and none of the other."""
    plan = small_plan(
        DiskFull(target="worker-2", at=seconds(2), lasting=seconds(60)), workers=Workers.EDGE, count=2
    )
    (task,) = plan.submissions
    eight = tuple(replace(task, task_id=f"t{n}") for n in range(8))  # and four slots each
    history = run_in_sim(replace(plan, submissions=eight)).history
    ended = [event.value for event in history.where(f="edge_job", witness="server")]
    assert {(each["worker"], each["new"]) for each in ended if each["new"] in ("success", "failed")} == {
        ("worker-1", "success"),
        ("worker-2", "failed"),
    }


def test_a_disk_that_is_free_again_is_written_to() -> None:
    full = DiskFull(target="worker-1", at=seconds(0), lasting=seconds(4))
    history = run_in_sim(small_plan(full, workers=Workers.EDGE)).history
    assert _new(history, "edge_job")[-1] == "success"


def test_a_run_in_which_nobody_wrote_is_not_valid() -> None:
    plan = small_plan(
        DiskFull(target="worker-1", at=seconds(2), lasting=seconds(60)), workers=Workers.SCRIPTED
    )
    history = run_in_sim(plan).history
    assert judge(history, plan).answer == "unknown"
