from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

Harness = Callable[..., tuple[int, str, str]]


def test_what_goes_wrong_inside_is_one_line_and_code_70(harness: Harness) -> None:
    code, out, err = harness(70)  # no word: no shell can do that, so it is a bug
    assert (code, out) == (70, "")
    assert err.startswith("harness: internal error: TypeError")
    assert "python -X dev -m harness" in err
    assert err.count("\n") == 1


def test_the_module_runs_as_a_program_and_its_exit_code_is_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "dance"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (64, "")
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    shell = f"{sys.executable} -m harness list --faults | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def test_a_terminal_without_unicode_gets_question_marks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "list"],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.isascii()
