"""What a plan's faults do to a host, they do to each kind: one suite, process trees and containers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.live.abilities import Hosts
from harness.live.commands import Camp
from harness.live.containers import containers_of
from harness.live.engine import LABEL, connect, engine
from harness.live.hosting import HOSTING, MakeHost, WorkerHost
from harness.live.hosts import lives

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.live

#: A worker whose child leaves its process group and is orphaned. Both write their ids, and the orphan counts.
BROOD = """
import os, sys, time, pathlib
folder = pathlib.Path(sys.argv[1])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        (folder / "orphan").write_text(str(os.getpid()))
        for number in range(6000):
            (folder / "count").write_text(str(number))
            time.sleep(0.01)
    os._exit(0)
os.wait()
(folder / "worker").write_text(str(os.getpid()))
time.sleep(60)
"""

#: A harness with one such host, which then waits.
HARNESS = """
import sys, time
from pathlib import Path
from harness.live.commands import Camp
from harness.live.abilities import Hosts
from harness.live.hosting import HOSTING
kind, folder, brood = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
with HOSTING[Hosts(kind)](Camp(folder=folder, jwt_secret="x")) as make_host:
    make_host("worker-1", [sys.executable, "-c", brood, str(folder)], home=folder / "home", env={})
    time.sleep(60)
"""


@pytest.fixture(params=["processes", "containers"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "containers":
        request.getfixturevalue("docker_engine")
    return str(request.param)


@pytest.fixture
def make_host(kind: str, tmp_path: Path) -> Iterator[MakeHost]:
    with HOSTING[Hosts(kind)](Camp(folder=tmp_path, jwt_secret="x")) as made:
        yield made


@pytest.fixture
def host(make_host: MakeHost, tmp_path: Path) -> Iterator[WorkerHost]:
    host = _brood(make_host, tmp_path)
    yield host
    host.kill()


def _brood(make_host: MakeHost, folder: Path, env: Mapping[str, str] | None = None) -> WorkerHost:
    command = [sys.executable, "-c", BROOD, str(folder)]
    return make_host("worker-1", command, home=folder / "home", env=env or {})


def _until(true: Callable[[], object], *, within: float = 90) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"it did not come about within {within} s"
        time.sleep(0.02)


def _pid(folder: Path, name: str) -> int:
    _until(lambda: (folder / name).exists() and (folder / name).read_text() != "")
    return int((folder / name).read_text())


def _lives(host: WorkerHost, pid: int) -> bool:
    outer = host.outer(pid)
    return outer is not None and lives(outer)


def _ids(folder: Path) -> tuple[int, int]:
    _until((folder / "count").exists)
    return _pid(folder, "worker"), _pid(folder, "orphan")


def test_a_killed_host_takes_its_orphans_with_it(host: WorkerHost, tmp_path: Path) -> None:
    worker, orphan = _ids(tmp_path)
    assert host.main == host.outer(worker)
    assert _lives(host, worker)
    assert _lives(host, orphan)
    host.kill()
    assert not _lives(host, worker)
    assert not _lives(host, orphan)
    host.kill()  # once more does no harm


def test_a_paused_host_stands_still_and_goes_on(host: WorkerHost, tmp_path: Path) -> None:
    _, orphan = _ids(tmp_path)
    host.pause()
    _until(lambda: _stands_still(tmp_path))  # a process that is in a call stops at its end
    stood = _counted(tmp_path)
    time.sleep(0.3)
    assert _counted(tmp_path) == stood
    assert _lives(host, orphan)
    assert host.exit_code is None
    host.resume()
    _until(lambda: _counted(tmp_path) != stood)


def test_a_paused_host_can_be_killed(host: WorkerHost, tmp_path: Path) -> None:
    _, orphan = _ids(tmp_path)
    host.pause()
    host.kill()
    assert not _lives(host, orphan)
    host.resume()  # as a fault's end would, which knows nothing of the kill


@pytest.mark.parametrize(("end", "code"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", -9)])
def test_exit_code_and_last_words_of_a_worker_are_known(
    make_host: MakeHost, tmp_path: Path, end: str, code: int
) -> None:
    program = f"import os, sys; print('first'); print('farewell', flush=True); {end}"
    host = make_host("worker-1", [sys.executable, "-c", program], home=tmp_path / "home", env={})
    _until(lambda: host.exit_code is not None)
    assert (host.exit_code, host.last_words()) == (code, "farewell")
    host.kill()


def test_a_worker_is_told_to_end_and_so_it_does(host: WorkerHost, tmp_path: Path) -> None:
    worker, _ = _ids(tmp_path)
    host.tell(signal.SIGTERM)
    _until(lambda: host.exit_code is not None)
    assert host.exit_code == -signal.SIGTERM
    assert not _lives(host, worker)
    host.tell(signal.SIGTERM)  # nobody is there to hear it


def test_a_host_boots_again_on_the_disk_it_had(make_host: MakeHost, tmp_path: Path) -> None:
    first = _brood(make_host, tmp_path)
    _ids(tmp_path)
    first.kill()
    for name in ("worker", "orphan", "count"):
        (tmp_path / name).unlink()
    (tmp_path / "home" / "kept").write_text("still here")
    second = _brood(make_host, tmp_path)
    _, orphan = _ids(tmp_path)
    assert _lives(second, orphan)
    assert (tmp_path / "home" / "kept").read_text() == "still here"
    second.kill()


def test_a_worker_has_the_environment_it_is_given_and_nothing_of_ours(
    make_host: MakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_HARNESS", "1")
    program = "import os; print(os.environ.get('GIVEN'), os.environ.get('OF_THE_HARNESS'), flush=True)"
    host = make_host(
        "worker-1", [sys.executable, "-c", program], home=tmp_path / "home", env={"GIVEN": "yes"}
    )
    _until(lambda: host.exit_code is not None)
    assert host.last_words() == "yes None"
    host.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_harness_that_dies_leaves_no_process(kind: str, tmp_path: Path, number: signal.Signals) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, kind, str(tmp_path), BROOD], stderr=subprocess.DEVNULL
    )
    try:
        _ids(tmp_path)
    finally:
        harness.send_signal(number)
        harness.wait(60)
    _until(lambda: _stands_still(tmp_path))
    if kind == "containers":
        with closing(connect()) as client:
            _until(lambda: not client.containers.list(all=True, filters={"volume": str(tmp_path)}))


def _stands_still(folder: Path) -> bool:
    """The orphan counts a hundred times in a second."""
    before = _counted(folder)
    time.sleep(0.5)
    return _counted(folder) == before


def _counted(folder: Path) -> int:
    """When the orphan last did, in nanoseconds."""
    return (folder / "count").stat().st_mtime_ns


def test_what_a_run_made_in_the_engine_is_gone_and_what_a_user_made_is_left_alone(
    docker_engine: None, tmp_path: Path
) -> None:
    with closing(connect()) as client:
        image = client.api.import_image_from_data(b"\0" * 1024, repository="of-a-user", tag=tmp_path.name)
        theirs = client.containers.create(f"of-a-user:{tmp_path.name}", ["/bin/true"])
        try:
            with engine() as found, containers_of(found, tmp_path) as make_host:
                _brood(make_host, tmp_path)
                _ids(tmp_path)
                assert _made(client, found.run) == (1, 1)
            assert _made(client, found.run) == (0, 0)
            assert client.containers.get(str(theirs.id)).status == "created"
        finally:
            theirs.remove()
            client.images.remove(json.loads(image)["status"])


def _made(client: DockerClient, run: str) -> tuple[int, int]:
    """How many containers and images there are of that run."""
    label = f"{LABEL}={run}"
    containers = client.containers.list(all=True, filters={"label": label})
    return len(containers), len(client.images.list(filters={"label": label}))
