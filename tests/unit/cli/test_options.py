import subprocess
import sys
from collections.abc import Callable

import pytest

from harness.cli.options import parse
from harness.errors import UsageError

Harness = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "the following arguments are required: COMMAND (see `harness --help`)"),
        (["dance"], "argument COMMAND: invalid choice: 'dance'"),
        (["run"], "the following arguments are required: SCENARIO (see `harness run --help`)"),
        (["run", "x", "--seed", "seven"], "argument --seed: invalid int value: 'seven'"),
        (["run", "x", "--workers", "human"], "argument --workers: invalid choice: 'human'"),
        (["run", "x", "--world", "real"], "argument --world: invalid choice: 'real'"),
        (["run", "x", "--se", "1"], "unrecognized arguments: --se 1"),
        (["run", "x", "--seed", "1", "--seed=2"], "argument --seed: given twice: give it once"),
        (["run", "x", "--out", "a", "--out", "a"], "argument --out: given twice"),
        (["run", "x", "--world", "sim", "--world", "sim"], "argument --world: given twice"),
        (["serve", "--port", "1", "--port", "2"], "argument --port: given twice"),
        (["list", "--faults", "--invariants"], "not allowed with argument --faults"),
        (["run", "quiet", "--set", "novalue"], "--set novalue: write it as NAME=VALUE"),
        (["run", "x", "--no-store", "--out", "there"], "--no-store and --out contradict each other"),
        (["run", "cut-of-worker"], "there is no scenario 'cut-of-worker': did you mean 'cut-off-worker'?"),
        (["run", "quiet", "--set", "task=3"], "there is no parameter 'task': did you mean 'tasks'?"),
        (["run", "quiet", "--set", "tasks=3", "--set", "tasks=4"], "--set tasks is given twice"),
        (["run", "quiet", "--set", "tasks=many"], "tasks='many': it takes an integer, such as tasks=40"),
        (["run", "quiet", "--set", "workers=-1"], "the fleet has -1 workers: give it 1 to 10,000"),
        (["run", "cut-off-worker", "--set", "lasting=31d"], "lasting='31d': 744h is too long"),
        (
            ["run", "cut-off-worker", "--set", "lasting=29d23h59m"],
            "a run holds at most 30 days of virtual time",
        ),
        (["replay", "nowhere.json"], "nowhere.json cannot be read"),
        (["check", "nowhere"], "nowhere cannot be read"),
        (["serve", "--port", "99999"], "--port 99999: give one between 0 and 65535"),
        (["serve", "--host", "a..b"], "cannot listen on a..b:8080"),
    ],
)
def test_what_is_wrong_is_one_line_on_stderr_and_code_64(
    harness: Harness, words: list[str], complaint: str
) -> None:
    code, out, err = harness(*words)
    assert (code, out) == (64, "")
    assert err.startswith("harness: ")
    assert complaint in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_and_version_are_no_errors(
    harness: Harness, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        harness(*words)
    assert exited.value.code == 0
    assert "harness" in capsys.readouterr().out


def test_a_seed_is_an_integer_and_not_given_by_default() -> None:
    assert parse(["run", "x"]).seed is None
    assert parse(["run", "x", "--seed", "-3"]).seed == -3


def test_what_is_said_on_one_command_line_is_not_held_against_the_next() -> None:
    assert [parse(["run", "x", "--seed", "1"]).seed for _ in range(2)] == [1, 1]


def test_errors_in_arguments_are_usage_errors() -> None:
    with pytest.raises(UsageError):
        parse(["run"])


def test_help_does_not_wait_for_airflow_or_fastapi() -> None:
    code = (
        "import sys, harness.cli; print([n for n in ('airflow', 'fastapi', 'fake_api') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
