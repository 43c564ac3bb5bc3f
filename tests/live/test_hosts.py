"""Whatever a live run starts ends with it, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.live.guardian import guarded
from harness.live.hosts import Host, descendants, lives

pytestmark = pytest.mark.live

#: A worker whose child leaves its process group and is orphaned; both write their ids.
BROOD = """
import os, sys, time, pathlib
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        pathlib.Path(sys.argv[1], "orphan").write_text(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
os.wait()
pathlib.Path(sys.argv[1], "worker").write_text(str(os.getpid()))
time.sleep(60)
"""

#: A harness with one such host, which then waits.
HARNESS = """
import sys, time
from pathlib import Path
from harness.live.guardian import guarded
from harness.live.hosts import Host
folder = Path(sys.argv[1])
with guarded(folder):
    Host("worker-1", [sys.executable, "-c", sys.argv[2], sys.argv[3]], home=folder / "worker-1", env={})
    time.sleep(60)
"""


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not true():
        assert time.monotonic() < end, "it did not come about within 15 s"
        time.sleep(0.02)


def _pid(folder: Path, name: str) -> int:
    _until(lambda: (folder / name).exists() and (folder / name).read_text() != "")
    return int((folder / name).read_text())


def _host(tmp_path: Path) -> Host:
    return Host("worker-1", [sys.executable, "-c", BROOD, str(tmp_path)], home=tmp_path / "home", env={})


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_harness_that_dies_leaves_neither_process_nor_folder(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder, marks = tmp_path / "run", tmp_path / "marks"
    folder.mkdir()
    marks.mkdir()
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(folder), BROOD, str(marks)], stderr=subprocess.DEVNULL
    )
    worker, orphan = _pid(marks, "worker"), _pid(marks, "orphan")
    harness.send_signal(number)
    harness.wait(15)
    _until(lambda: not lives(worker) and not lives(orphan) and not folder.exists())


def test_the_folder_is_gone_when_the_block_ends(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with guarded(folder):
        (folder / "file").write_text("x")
    assert not folder.exists()


def test_descendants_are_those_below_and_nobody_else() -> None:
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 60 & wait"])
    try:
        _until(lambda: len(descendants(child.pid)) == 1)
        assert child.pid in descendants(os.getpid())
    finally:
        for pid in (*descendants(child.pid), child.pid):
            os.kill(pid, signal.SIGKILL)
        child.wait()


def test_a_worker_is_told_and_what_it_started_is_not(tmp_path: Path) -> None:
    host = _host(tmp_path)
    try:
        orphan, worker = _pid(tmp_path, "orphan"), _pid(tmp_path, "worker")
        host.tell(signal.SIGTERM)
        _until(lambda: host.exit_code is not None)
        assert host.exit_code == -signal.SIGTERM
        assert not lives(worker)
        assert lives(orphan)
        host.tell(signal.SIGTERM)
        assert lives(orphan)
    finally:
        host.kill()
