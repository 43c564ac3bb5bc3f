"""`harness capacity` puts real load on real servers, and says in one line what it cannot do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.capacity.files import load
from harness.capacity.telling import exit_code
from tests.live.loading import served

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(600)]


def _harness(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "harness", "capacity", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=500, check=False)


def test_steps_on_the_fake_are_counted_and_their_server_is_watched(tmp_path: Path) -> None:
    few = ("--load", "heartbeats", "--start", "20", "--most", "40", "--step", "6s", "--repeats", "1")
    done = _harness(*few, "--out", tmp_path, "--json")
    capacity = load(tmp_path)
    assert done.returncode == exit_code(capacity, at_least=None), done.stderr
    assert json.loads(done.stdout)["target"] == "fake"
    first, *_ = capacity.series.steps
    assert first.counts["ti.heartbeat"] >= 20
    assert first.usage.cpu_seconds["server"] > 0
    assert first.usage.lag > 0
    assert (tmp_path / "junit.xml").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--server", "http://127.0.0.1:9"), 64, "nobody listens at http://127.0.0.1:9"),
        (("--server", "nonsense"), 64, "there is no server 'nonsense'"),
        (("--step", "0s"), 64, "no time at all"),
        (("--start", "-3"), 64, "give a number above 0"),
        (("--load", "tasks", "--model"), 64, "take --load workers"),
        (("--option", "edge.nonsense=1"), 64, "edge.nonsense"),
        (("--compare", "/nowhere", "/nowhere"), 64, "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    out = () if "--compare" in words else ("--out", str(tmp_path))
    done = _harness(*words, *out)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_dies_ends_the_search_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    few = ("--load", "heartbeats", "--start", "10", "--step", "3s", "--out", tmp_path)
    with ExitStack() as server:
        url = server.enter_context(served("--admin"))
        with _beginning(*few, "--server", url) as searching:
            _wait(lambda: list(tmp_path.glob("step-1-*.json")))
            server.close()
    found = load(tmp_path)
    assert "nobody listens" in found.series.broken_off
    assert found.series.steps
    assert searching.returncode in (2, 3)


@pytest.mark.nightly
def test_a_full_disk_ends_the_search_with_74_and_tells_what_was_measured(
    tiny_disk: Callable[[str], Path],
) -> None:
    out = tiny_disk("3m") / "found"  # room for the files of one step, or of two
    few = ("--load", "heartbeats", "--start", "10", "--step", "3s", "--out", out)
    done = _harness(*few)
    assert done.returncode == 74, done.stderr
    assert f"Broken off  {out} cannot be written: No space left on device; make room there" in done.stdout
    assert "Traceback" not in done.stderr
    assert load(out).series.steps

    done = _harness(*few[:-1], tiny_disk("3m") / "again")
    assert (done.returncode, done.stdout) == (74, "")
    assert "No space left on device; make room there" in done.stderr


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_search_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    with _beginning("--load", "heartbeats", "--step", "2s", "--out", tmp_path) as searching:
        _wait(lambda: list(tmp_path.glob("step-1-*.log")))
        servers = _children(searching.pid, "serve")
        searching.kill()
    assert servers
    _wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in servers))


@contextmanager
def _beginning(*words: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    line = [sys.executable, "-m", "harness", "capacity", *map(str, words)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait(timeout=100)


def _wait(until: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end
        time.sleep(0.1)


def _children(pid: int, word: str) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found if word in Path(f"/proc/{each}/cmdline").read_text().split("\0")]
