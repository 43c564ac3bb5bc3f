"""On a machine without Airflow everything but the released workers runs, and those say which extra they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# None in sys.modules makes an import fail as if the package were not installed
WITHOUT_AIRFLOW = (
    "import sys; sys.modules['airflow'] = None; from harness.cli import main; sys.exit(main(sys.argv[1:]))"
)


def _harness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_AIRFLOW, "run", "quiet", "--set", "tasks=1", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_released_workers_ask_for_the_extra_and_leave_nothing_behind(tmp_path: Path) -> None:
    ended = _harness(tmp_path, "--workers", "edge")
    assert ended.returncode == 64
    assert ended.stderr.splitlines()[-1].startswith("harness: edge and supervised workers need Airflow")
    assert "pip install 'airflow-remote-harness[airflow]'" in ended.stderr
    assert list(tmp_path.glob("runs/*")) == []


def test_our_own_workers_run(tmp_path: Path) -> None:
    assert _harness(tmp_path, "--workers", "scripted").returncode == 0
