"""Released servers that a command sets up end with it, however it ends."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from harness.errors import NotInstallable
from harness.live.airflow_home import DRIVERS, released
from tests.live.loading import clean

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.mark.parametrize(
    "words",
    [
        ("conform",),
        pytest.param(("conform", "--database", "postgres"), marks=pytest.mark.nightly),
        pytest.param(("airflow", "--port", "0"), marks=pytest.mark.nightly),
        pytest.param(("airflow", "--port", "0", "--database", "postgres"), marks=pytest.mark.nightly),
        pytest.param(("capacity", "--server", "airflow", "--out"), marks=pytest.mark.nightly),
    ],
    ids=" ".join,
)
def test_a_command_that_is_killed_leaves_neither_a_process_nor_a_folder(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    try:
        released(*DRIVERS["postgres" if "postgres" in words else "sqlite"])
    except NotInstallable as error:
        pytest.skip(str(error))
    out = (str(tmp_path / "out"),) if "--out" in words else ()
    line = [sys.executable, "-m", "harness", *words, *out]
    command = subprocess.Popen(line, env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: any(_serves(each) for each in _below(command)))
        started = _below(command)
        made = set(started.values()) & _folders()
    finally:
        command.kill()
        command.wait()
    assert made
    _wait(lambda: not any(each.is_running() for each in started))
    _wait(lambda: not any(folder.exists() for folder in made))


def _below(command: subprocess.Popen[bytes]) -> dict[psutil.Process, Path]:
    """All that it started, and where each works; whoever ends meanwhile is left out."""
    found = {}
    for each in psutil.Process(command.pid).children(recursive=True):
        with suppress(psutil.Error):
            found[each] = Path(each.cwd())
    return found


def _serves(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "api_server" in " ".join(process.cmdline())
    return False


def _folders() -> set[Path]:
    """Those of anybody's runs on this machine."""
    return set(Path(tempfile.gettempdir()).glob("harness-*"))


def _wait(until: Callable[[], object]) -> None:
    end = time.monotonic() + 240
    while not until():
        assert time.monotonic() < end
        time.sleep(0.2)
