"""On a machine without Airflow everything but the released workers runs, and those say which extra they need."""

from __future__ import annotations

import os
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
    assert "`make install` or `pip install '.[airflow]'`" in ended.stderr
    assert list(tmp_path.glob("runs/*")) == []


def test_a_locale_in_which_airflow_cannot_read_its_own_files_is_named(tmp_path: Path) -> None:
    words = ["run", "quiet", "--set", "tasks=1", "--workers", "edge"]
    ended = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "0", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 64
    assert ended.stderr.splitlines()[-1] == (
        "harness: Airflow reads its own files in the encoding of the locale, and 'C' has ascii:"
        " set PYTHONUTF8=1, or a locale such as LC_ALL=C.UTF-8"
    )
    assert list(tmp_path.glob("runs/*")) == []


def test_our_own_workers_run(tmp_path: Path) -> None:
    assert _harness(tmp_path, "--workers", "scripted").returncode == 0
