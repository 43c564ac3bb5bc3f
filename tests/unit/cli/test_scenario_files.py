"""A user's own scenarios: a Python file anywhere, named on the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Harness = Callable[..., tuple[int, str, str]]

HEAD = "from harness import Fleet, Scenario, Tasks, Workers, scenario\n"
LINKS = f"""{HEAD}
from sizes import FEW

@scenario
def quiet(*, tasks: int = FEW) -> Scenario:
    return Scenario(fleet=Fleet(count=1, kind=Workers.SCRIPTED), tasks=Tasks(count=tasks))
"""
SECOND = """
@scenario
def second_one() -> Scenario:
    return Scenario()
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """`written(code)`: the path of a file with that code, from the folder where the command is given."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "sizes", raising=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sizes.py").write_text("FEW = 2\n")

    def write(code: str) -> str:
        (tmp_path / "mine" / "links.py").write_text(code, encoding="utf-8")
        return "mine/links.py"

    return write


@pytest.mark.parametrize("name", ["", "::quiet"])
def test_a_file_runs_whose_scenario_has_a_name_of_the_catalogue(
    harness: Harness, written: Callable[[str], str], name: str
) -> None:
    file = written(LINKS)
    code, out, err = harness("run", f"{file}{name}", "--set", "tasks=3", "--no-store", "--seed", "4")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"harness run {file}{name} --seed 4 --set tasks=3"
    assert "quiet · seed 4 · sim · VALID" in out


def test_a_plan_replays_without_the_file_it_came_from(
    harness: Harness, written: Callable[[str], str]
) -> None:
    file = written(LINKS)
    first = json.loads(harness("run", file, "--json")[1])
    shutil.rmtree("mine")
    again = json.loads(harness("replay", "runs/quiet-1", "--json")[1])
    assert (again["scenario"], again["digest"]) == ("quiet", first["digest"])


def test_of_several_scenarios_one_is_named_as_its_function_or_with_dashes(
    harness: Harness, written: Callable[[str], str]
) -> None:
    file = written(LINKS + SECOND)
    for name in ("second_one", "second-one"):
        assert (
            "there is no parameter 'x'; there is none at all"
            in harness("run", f"{file}::{name}", "--set", "x=1")[2]
        )


@pytest.mark.parametrize(
    ("code", "name", "complaint"),
    [
        (LINKS + SECOND, "", "mine/links.py has quiet, second-one: say which, as in mine/links.py::quiet"),
        (LINKS, "::quite", "mine/links.py: there is no scenario 'quite': did you mean 'quiet'?"),
        ("", "", "mine/links.py has no scenario: put @scenario above a function of it"),
        (f"{HEAD}def quiet(): ...", "::quiet", "mine/links.py has no scenario"),
        ("x = 1\ndef quiet(:\n", "", "mine/links.py:2: SyntaxError: invalid syntax"),
        ("\nx = 1 / 0\n", "", "mine/links.py:2: ZeroDivisionError: division by zero"),
        ("import nonesuch\n", "", "mine/links.py:1: ModuleNotFoundError: No module named 'nonesuch'"),
        ("raise SystemExit(0)\n", "", "mine/links.py:1: SystemExit: 0"),
        ("\0", "", "mine/links.py: "),
        (LINKS + SECOND + SECOND, "::second-one", "there is a scenario 'second-one' already"),
        (
            f"{HEAD}@scenario\ndef f(x): ...",
            "",
            "mine/links.py:2: f: make x keyword-only and give it a default",
        ),
        (f"{HEAD}@scenario\ndef f(): ...", "", "f in mine/links.py gives None: let it return a Scenario(…)"),
        (
            f"{HEAD}@scenario\ndef f():\n    return 1 / 0",
            "",
            "f cannot be made: mine/links.py:4: ZeroDivisionError",
        ),
        (
            f"{HEAD}@scenario\ndef f():\n    return Scenario(until=5)",
            "",
            "Scenario.until: 5 is not a duration",
        ),
    ],
)
def test_a_mistake_in_a_file_is_one_line_that_leads_to_it(
    harness: Harness, written: Callable[[str], str], tmp_path: Path, code: str, name: str, complaint: str
) -> None:
    file = written(code)
    for _ in range(2):  # what went wrong once is not half remembered
        status, out, err = harness("run", f"{file}{name}")
        assert (status, out, err.count("\n")) == (64, "", 1)
        assert complaint in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["nowhere.py", "nowhere.py::quiet", "folder.py", "x" * 5000 + ".py"])
def test_a_file_that_cannot_be_read_is_named(harness: Harness, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.py").mkdir()
    status, _, err = harness("run", name)
    assert status == 64
    assert f"{name.partition('::')[0]} cannot be read: " in err


@pytest.mark.parametrize("words", [("list",), ("run", "quiet")])
def test_a_broken_module_of_the_catalogue_is_told_with_its_line(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "__init__.py").touch()
    (tmp_path / "scenarios" / "broken.py").write_text("x = 1\ndef quiet(:\n")
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (64, "", 1)
    assert done.stderr.startswith("harness: scenarios/broken.py:2: SyntaxError: invalid syntax")
