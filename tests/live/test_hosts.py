"""Whatever a live run starts ends with it, however the run ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.errors import NotInstallable
from harness.live.guardian import guarded
from harness.live.hosts import Host, descendants, lives
from harness.live.postgres import find_programs

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
with guarded("run-") as folder:
    Host("worker-1", [sys.executable, "-c", sys.argv[1], sys.argv[2]], home=folder / "worker-1", env={})
    time.sleep(60)
"""


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come about within 60 s"
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
    folders, marks = tmp_path / "tmp", tmp_path / "marks"
    folders.mkdir()
    marks.mkdir()
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, BROOD, str(marks)],
        env=dict(os.environ) | {"TMPDIR": str(folders)},
        stderr=subprocess.DEVNULL,
    )
    worker, orphan = _pid(marks, "worker"), _pid(marks, "orphan")
    harness.send_signal(number)
    harness.wait(60)
    _until(lambda: not lives(worker) and not lives(orphan) and not list(folders.iterdir()))


def test_the_folder_is_gone_when_the_block_ends() -> None:
    with guarded("run-") as folder:
        (folder / "file").write_text("x")
    assert not folder.exists()


def test_a_process_that_left_its_id_in_the_folder_goes_with_it() -> None:
    with guarded("run-", pid_file="its.pid") as folder:
        process = subprocess.Popen(["/bin/sleep", "60"])
        (folder / "its.pid").write_text(f"{process.pid}\nand more\n")
    assert process.wait(60) == -signal.SIGQUIT


def test_where_no_folder_can_be_made_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with (
        pytest.raises(OSError, match=r"no folder for a live run: .*No such file or directory"),
        guarded("run-"),
    ):
        pass


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


@pytest.mark.slow
def test_a_harness_that_is_killed_leaves_no_postgresql() -> None:
    try:
        find_programs()
    except NotInstallable as error:
        pytest.skip(str(error))
    code = "import time; from harness.live.postgres import postgres\nwith postgres() as url: print(url, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        url = urlsplit(harness.stdout.readline())
        assert url.port is not None, "it came up"
        harness.kill()
    _until(lambda: not _listens(url.port))


def _listens(port: int | None) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
