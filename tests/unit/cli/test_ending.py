"""What ends a command from outside has a line and an exit code of its own, and is never an internal error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main

Shell = Callable[[str], "subprocess.CompletedProcess[str]"]

QUICK = "run quiet --workers scripted --set tasks=2 --set workers=1"
STORED = ["history.jsonl", "plan.json", "story.txt", "verdict.json"]

full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """`shell("harness list >&-")` in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": ""}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        words = line.replace("harness", f"{sys.executable} -m harness", 1)
        return subprocess.run(
            ["bash", "-c", words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize("command", [QUICK, "list", "--help", "--version", f"{QUICK} --json --no-store"])
def test_a_closed_stdout_is_told_before_anything_runs(shell: Shell, tmp_path: Path, command: str) -> None:
    done = shell(f"harness {command} >&-")
    assert (done.returncode, done.stderr) == (
        74,
        "harness: stdout is closed: redirect it, to /dev/null if nobody reads it\n",
    )
    assert list(tmp_path.iterdir()) == []


@full_device
@pytest.mark.parametrize("command", [QUICK, "list", "--help", "--version", f"{QUICK} --json --no-store"])
def test_a_full_stdout_is_told_and_is_no_internal_error(shell: Shell, command: str) -> None:
    done = shell(f"harness {command} >/dev/full")
    assert done.returncode == 74
    assert done.stderr.splitlines()[-1] == (
        "harness: stdout cannot be written: No space left on device; redirect it elsewhere"
    )


@full_device
@pytest.mark.parametrize(
    ("before", "command"),
    [
        ("list", "list"),
        (f"{QUICK} --out mine", "check mine"),
        ("list", f"{QUICK} --json --no-store"),
        ("list", "--help"),
        ("list", "--version"),
        ("list", f"{QUICK} --out other"),
    ],
)
def test_a_full_stdout_is_told_as_well_where_python_buffers_nothing(
    shell: Shell, before: str, command: str
) -> None:
    shell(f"harness {before}")
    done = shell(f"export PYTHONUNBUFFERED=1; harness {command} >/dev/full")
    assert done.returncode == 74
    assert done.stderr.splitlines()[-1] == (
        "harness: stdout cannot be written: No space left on device; redirect it elsewhere"
    )


def test_a_reader_that_goes_away_is_no_error_where_python_buffers_nothing(shell: Shell) -> None:
    done = shell("export PYTHONUNBUFFERED=1; harness list | true; exit ${PIPESTATUS[0]}")
    assert done.returncode in (0, 141)
    assert done.stderr == ""


@full_device
def test_a_run_that_cannot_be_announced_leaves_no_folder(shell: Shell, tmp_path: Path) -> None:
    shell(f"harness {QUICK} >/dev/full")
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("stderr", ["2>&-", pytest.param("2>/dev/full", marks=full_device)])
def test_a_run_needs_no_stderr(shell: Shell, stderr: str) -> None:
    done = shell(f"harness {QUICK} --json {stderr}")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert shell(f"harness dance {stderr}").returncode == 64


def test_a_disk_that_takes_no_history_keeps_the_verdict_from_nobody(shell: Shell, tmp_path: Path) -> None:
    # a file may have 8 KiB: the plan fits, the history does not
    done = shell(f"ulimit -f 8; trap '' XFSZ; exec harness {QUICK}")
    assert "Verdict  valid: 17 of 17 promises kept" in done.stdout
    assert (done.returncode, done.stderr) == (
        74,
        "harness: the run cannot be stored in runs/quiet-1: File too large; make room, then replay its plan\n",
    )
    assert [path.name for path in (tmp_path / "runs" / "quiet-1").iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGHUP, 129, "hung up"),
    ],
)
def test_a_run_that_is_told_to_end_leaves_nothing_but_its_plan(
    tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    (tmp_path / "temporary").mkdir()
    command = "run quiet --workers scripted --set tasks=3000 --out mine"
    run = subprocess.Popen(
        [sys.executable, "-m", "harness", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout
    assert run.stdout.readline().startswith("quiet, seed 1")
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (code, f"harness: {word}\n")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["plan.json"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_who_has_it_ignored_is_not_hung_up(tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from harness.cli.ending import terminable\n"
        "with terminable(): signal.raise_signal(signal.SIGHUP)\n"
        "print('still here')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "still here\n"


def test_a_command_leaves_the_handlers_of_signals_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    assert main(["list"]) == 0
    assert capsys.readouterr().out
    assert [signal.getsignal(number) for number in signal.valid_signals()] == before


WHILE_IMPORTING = """
import signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
from harness.cli import main
sys.exit(main(["list"]))
"""


@pytest.mark.parametrize("module", ["argparse", "importlib.metadata", "harness.model.plan"])
def test_ctrl_c_while_a_command_is_imported_is_an_interrupt_like_any_other(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHILE_IMPORTING, module], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "harness: interrupted\n")


IN_GENERATED_CODE = """
import signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "harness.model.plan":
            exec("signal.raise_signal(signal.SIGINT)")

sys.meta_path.insert(0, Interrupts())
"""


def test_ctrl_c_in_generated_code_ends_with_the_code_of_an_interrupt_and_not_by_the_signal(
    tmp_path: Path,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(IN_GENERATED_CODE)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "harness", "list"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "harness: interrupted\n")
