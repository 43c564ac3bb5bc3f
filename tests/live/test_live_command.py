"""`harness run … --world live` from a shell: each kind of worker, and the ends that a shell can put to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.live.hosts import descendants, lives

pytestmark = [pytest.mark.live, pytest.mark.slow]

SHORT = """
from harness import Fleet, Scenario, Tasks, scenario, seconds

@scenario
def short(*, work: int = 1, settle: int = 10) -> Scenario:
    \"\"\"Two tasks, as soon as there is a worker.\"\"\"
    tasks = Tasks(count=2, lasting=(seconds(work), seconds(work)), over=seconds(1), retries=0)
    options = {"edge.job_poll_interval": "1", "edge.heartbeat_interval": "2", "workers.min_heartbeat_interval": "1"}
    until = seconds(1 + work)
    return Scenario(fleet=Fleet(count=1), tasks=tasks, until=until, settle=seconds(settle), options=options)
"""


def _harness(folder: Path, *words: str) -> subprocess.Popen[str]:
    """The command in a folder of its own, where also its temporary files are."""
    (folder / "short.py").write_text(SHORT)
    (folder / "tmp").mkdir()
    command = (sys.executable, "-m", "harness", "run", "short.py", "--world", "live", *words)
    return subprocess.Popen(
        command,
        cwd=folder,
        env=dict(os.environ) | {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(true: Callable[[], object], *, within: float) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"it did not come about within {within} s"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("kind", "settle"),
    # edge workers fork, supervisors import Airflow anew
    [("scripted", 5), ("edge", 10), ("supervised", 10)],
)
def test_a_live_run_of_each_kind_of_worker_ends_valid_and_leaves_nothing(
    tmp_path: Path, kind: str, settle: int
) -> None:
    words = ("--workers", kind, "--set", f"settle={settle}", "--no-store")
    out, err = _harness(tmp_path, *words).communicate(timeout=180)
    assert "short · seed 1 · live · VALID" in out, out + err
    assert "2 succeeded" in out
    assert err == ""
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code", "kind"),
    [(signal.SIGINT, 130, "edge"), (signal.SIGTERM, 143, "supervised")],
)
def test_a_live_run_that_is_ended_at_work_leaves_its_plan_and_nothing_else(
    tmp_path: Path, number: signal.Signals, code: int, kind: str
) -> None:
    harness = _harness(tmp_path, "--workers", kind, "--set", "work=100", "--out", "run")
    try:
        _until(lambda: list(tmp_path.glob("tmp/*/_marks/*.jsonl")) or harness.poll() is not None, within=120)
        started = descendants(harness.pid)
        assert len(started) > 4, "no guardian, host, worker, supervisor and task"
        harness.send_signal(number)
        out, err = harness.communicate(timeout=90)
    finally:
        harness.kill()
    assert harness.returncode == code, out + err
    _until(lambda: not any(map(lives, started)), within=60)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["plan.json"]


def test_a_harness_that_is_killed_while_its_server_is_set_up_leaves_nothing(tmp_path: Path) -> None:
    harness = _harness(tmp_path, "--server", "airflow", "--workers", "scripted", "--no-store")
    try:
        _until(
            lambda: list(tmp_path.glob("tmp/*/airflow/set-up.log")) or harness.poll() is not None, within=180
        )
        started = descendants(harness.pid)
    finally:
        harness.kill()
    out, err = harness.communicate(timeout=60)
    assert len(started) >= 2, f"no guardian and set-up: {out + err}"
    _until(lambda: not any(map(lives, started)), within=30)
    assert list((tmp_path / "tmp").iterdir()) == []
