"""A live host's disk fills up: writes fail with ENOSPC until it is freed, and other disks have room."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness import DiskFull, Fleet, Scenario, Tasks, Workers, make_plan, run_plan, seconds
from harness.errors import NotCapable
from harness.live import abilities
from harness.live.disks import Disks, why_no_disks
from harness.live.guardian import guarded
from harness.ports import Capability
from tests.unit.cli.test_durable_serving import served

WHY_NOT = why_no_disks()
pytestmark = [pytest.mark.live, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of a run."""
    with guarded("run-") as made:
        yield made


@pytest.fixture
def disks(folder: Path) -> Disks:
    """Of three hosts, of which the last has no small one."""
    made = Disks(lambda name: folder / name / "disk", targets=["worker-[12]"])
    for name in ("worker-1", "worker-2", "worker-3"):
        made.prepare(name)
    return made


def _write(folder: Path, name: str) -> int:
    """What comes of writing a page on the disk of a host: the errno, 0 if it went well."""
    descriptor = os.open(folder / name / "disk" / f"page-{time.monotonic_ns()}", os.O_WRONLY | os.O_CREAT)
    try:
        os.write(descriptor, bytes(4096))
    except OSError as error:
        return error.errno or -1
    finally:
        os.close(descriptor)
    return 0


def test_a_write_to_a_full_disk_is_enospc_until_it_is_freed(folder: Path, disks: Disks) -> None:
    assert _write(folder, "worker-1") == 0
    free = disks.fill("worker-1")
    assert _write(folder, "worker-1") == errno.ENOSPC
    assert [_write(folder, name) for name in ("worker-2", "worker-3")] == [0, 0]
    free()
    assert _write(folder, "worker-1") == 0


def test_a_disk_that_two_faults_fill_is_free_when_the_last_has_ended(folder: Path, disks: Disks) -> None:
    first, second = disks.fill("worker-*"), disks.fill("worker-1")
    first()
    assert [_write(folder, name) for name in ("worker-1", "worker-2")] == [errno.ENOSPC, 0]
    second()
    assert _write(folder, "worker-1") == 0


def test_space_that_a_process_frees_is_filled_again(folder: Path, disks: Disks) -> None:
    written = folder / "worker-1" / "disk" / "written"
    written.write_bytes(bytes(1 << 16))
    disks.fill("worker-1")
    written.unlink()
    disks.look()
    assert _write(folder, "worker-1") == errno.ENOSPC


def test_a_host_that_boots_again_has_the_disk_it_had(folder: Path, disks: Disks) -> None:
    kept = folder / "worker-1" / "disk" / "kept"
    kept.write_text("it")
    disks.prepare("worker-1")
    assert kept.read_text() == "it"


#: A harness with a small disk, which then waits.
HARNESS = """
import sys, time
from pathlib import Path
from harness.live.disks import Disks
from harness.live.guardian import guarded
with guarded("run-") as folder:
    Disks(lambda name: folder / name, targets=["*"]).prepare("worker-1")
    (folder / "ready").write_text("")
    time.sleep(60)
"""


def test_a_harness_that_is_killed_leaves_no_disk_mounted(tmp_path: Path) -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS], env={**os.environ, "TMPDIR": str(tmp_path)})
    end = time.monotonic() + 60
    while not (ready := list(tmp_path.glob("run-*/ready"))):
        assert time.monotonic() < end
        time.sleep(0.02)
    folder = ready[0].parent
    assert str(folder) in Path("/proc/self/mountinfo").read_text()
    harness.send_signal(signal.SIGKILL)
    harness.wait()
    while folder.exists():
        assert time.monotonic() < end + 60
        time.sleep(0.02)
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()


def test_a_server_whose_state_is_on_a_full_disk_acknowledges_nothing_that_it_would_lose(
    folder: Path, disks: Disks
) -> None:
    file = folder / "worker-1" / "disk" / "state.sqlite"
    acknowledged = set()
    with served(file) as (_, url), httpx.Client(base_url=url, timeout=60) as http:
        acknowledged |= _seeded(http, 0)
        free = disks.fill("worker-1")
        refused = {_seed(http, number).status_code for number in range(1, 20)}
        free()
        acknowledged |= _seeded(http, 20)
    with served(file) as (_, url), httpx.Client(base_url=url, timeout=60) as http:
        found = {row["key"] for row in http.get("/admin/state").json()["variable"]}
    assert refused == {500}
    assert found == acknowledged == {"v0", "v20"}


def _seed(http: httpx.Client, number: int) -> httpx.Response:
    """Ask for a variable that takes more than what is left of the last page."""
    return http.post("/admin/seed", json={"variables": [{"key": f"v{number}", "val": "x" * 100_000}]})


def _seeded(http: httpx.Client, number: int) -> set[str]:
    assert _seed(http, number).status_code == 201
    return {f"v{number}"}


SCENARIO = Scenario(
    fleet=Fleet(count=1, slots=1, kind=Workers.SUPERVISED),
    tasks=Tasks(count=1, lasting=(seconds(1),) * 2, over=seconds(0.1), retries=0),
    faults=(DiskFull(target="worker-1", at=seconds(0), lasting=seconds(8)),),
    invariants=("every_fault_struck",),
    until=seconds(8),
    settle=seconds(3),
    options={"edge.job_poll_interval": "1"},
)
PLAN = make_plan(SCENARIO, 1, name="disks")


def test_a_live_worker_cannot_start_a_task_while_its_disk_is_full() -> None:
    history = run_plan(PLAN, world="live").history
    strikes = [event.value["what"] for event in history.where(f="fault.strike")]
    assert strikes == ["no space is left on its disk"]
    jobs = [event.value["new"] for event in history.where(f="edge_job", witness="server")]
    assert jobs == ["queued", "restarting", "running", "failed"]
    assert list(history.where(f="body")) == []
    assert list(history.where(f="worker.exit")) == []


def test_where_no_disk_can_be_had_the_plan_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(abilities.NEEDS, Capability.DISK, lambda: "no tmpfs here: run as root")
    with pytest.raises(NotCapable, match=r"DiskFull needs .* as no tmpfs here: run as root"):
        run_plan(PLAN, world="live")
