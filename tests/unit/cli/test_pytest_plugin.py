"""The plugin in a pytest of its own, as a project that uses it would load it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.model.faults import ServerErrors
from harness.model.plan_file import read_plan

PASSES = """
    from harness import Workers
    def test_it(run) -> None:
        done = run("quiet", tasks=1, workers=1, kind=Workers.SCRIPTED)
        assert done.verdict.exit_code == 0
        print("seed", done.plan.seed)
"""
FAILS = """
    from datetime import timedelta
    import pytest
    from harness import Fleet, LoseReplies, Scenario, Tasks, Workers, minutes
    NOBODY_CALLS = "ti.skip_downstream"
    NEVER_STRIKES = Scenario(
        fleet=Fleet(count=1, kind=Workers.SCRIPTED),
        tasks=Tasks(count=1),
        faults=(LoseReplies(a="*", b="api", at=minutes(1), lasting=minutes(1), calls=NOBODY_CALLS),),
    )
    def test_it(run) -> None:
        run(NEVER_STRIKES)
    @pytest.mark.seed(4)
    def test_as_expected(run) -> None:
        assert run(NEVER_STRIKES, expect="unknown").plan.seed == 4
        run(NEVER_STRIKES, expect=None)
"""

pytest_plugins = ["pytester"]
Session = Callable[..., str]


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    """`session(code, *options)`: what a pytest says that runs the code as a test file."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(code: str, *options: str, plugins: tuple[str, ...] = ("harness.pytest_plugin",)) -> str:
        pytester.makepyfile(code)
        chosen = [word for plugin in plugins for word in ("-p", plugin)]
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *chosen, *options)
        return "\n".join(result.outlines + result.errlines)

    return run


def properties(report: Path) -> dict[str, str]:
    found = ET.parse(report).getroot().iter("property")
    return {item.attrib["name"]: item.attrib["value"] for item in found}


def test_a_run_that_goes_well_passes_and_leaves_seed_and_replay_command_in_junit(
    session: Session, pytester: pytest.Pytester
) -> None:
    assert "1 passed" in session(PASSES, "--junitxml=report.xml", "--seed=9")
    assert properties(pytester.path / "report.xml") == {
        "harness_seed": "9",
        "harness_replay": "harness run quiet --seed 9 --set tasks=1 --set workers=1 --workers scripted",
    }
    assert not (pytester.path / "runs").exists()


def test_a_run_that_does_not_fails_with_its_story_and_is_stored(
    session: Session, pytester: pytest.Pytester
) -> None:
    out = session(FAILS, "--junitxml=report.xml")
    assert "1 failed, 1 passed" in out
    assert "expected valid, seed 1" in out
    assert "test_it · seed 1 · sim · UNKNOWN" in out
    assert "✗ every_fault_struck (exercised)" in out
    assert "Traceback" not in out
    assert "harness replay runs/test_it-1/plan.json" in out
    assert (pytester.path / "runs" / "test_it-1" / "verdict.json").exists()


@pytest.mark.parametrize(
    ("options", "mark", "seed"),
    [
        ([], "", 1),
        (["--seed", "5"], "", 5),
        (["--harness-seed", "5"], "", 5),
        ([], "@pytest.mark.seed(3)", 3),
        (["--seed", "5"], "@pytest.mark.seed(3)", 5),
    ],
)
def test_the_seed_is_the_options_or_the_markers_or_1(
    session: Session, options: list[str], mark: str, seed: int
) -> None:
    code = f"""
    import pytest
    from harness import Workers
    {mark}
    def test_it(run) -> None:
        assert run("quiet", tasks=1, workers=1, kind=Workers.SCRIPTED).plan.seed == {seed}
        assert run("quiet", tasks=1, workers=1, kind=Workers.SCRIPTED, seed=8).plan.seed == 8
    """
    assert "1 passed" in session(code, "--strict-markers", *options)


def test_a_plugin_that_has_a_seed_already_keeps_it_and_ours_is_harness_seed(
    session: Session, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(theirs="def pytest_addoption(parser): parser.addoption('--seed', type=str)")
    pytester.syspathinsert()
    code = """
    from harness import Workers
    def test_it(run, request) -> None:
        assert request.config.getoption("--seed") == "theirs"
        assert run("quiet", tasks=1, workers=1, kind=Workers.SCRIPTED).plan.seed == 6
    """
    both = ("theirs", "harness.pytest_plugin")
    assert "1 passed" in session(code, "--seed=theirs", "--harness-seed=6", plugins=both)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ('run("quite")', "there is no scenario 'quite': did you mean 'quiet'?"),
        ('run("quiet", tasks="many")', "tasks='many': it takes an integer"),
        ("run(Scenario(), tasks=2)", "tasks: a Scenario takes no parameters"),
        ("run(5)", "run(5): give a scenario's name, a Scenario or a Plan"),
        ("run(Scenario)", "give a scenario's name, a Scenario or a Plan"),
        ("run(make_plan(Scenario(), 1, name='x'), seed=2)", "run(plan) takes no others"),
        (
            'run("quiet", expect="foo")',
            "run(…, expect='foo'): give one of 'valid', 'invalid', 'unknown', or None",
        ),
        (
            'run("quiet", kind="human")',
            "run(…, kind='human'): give one of 'edge', 'supervised', 'scripted', or None",
        ),
        ('run("quiet", seed="7")', "the seed: '7' is not an integer"),
        ('run("nowhere.py::quiet")', "nowhere.py cannot be read: No such file or directory"),
        ("run(Scenario(faults=None))", "Scenario.faults: None is not a tuple"),
    ],
)
def test_a_mistake_in_a_test_is_told_in_a_line(session: Session, call: str, complaint: str) -> None:
    out = session(f"from harness import Scenario, make_plan\ndef test_it(run) -> None:\n    {call}\n", "-rN")
    assert out.count(complaint) == 1
    assert "1 failed" in out
    assert "Traceback" not in out
    assert "During handling" not in out


def test_a_marker_without_a_seed_is_told_in_a_line(session: Session) -> None:
    code = "import pytest\n@pytest.mark.seed\ndef test_it(run) -> None:\n    run('quiet')\n"
    assert "the seed: None is not an integer" in session(code)


def test_a_test_of_any_name_can_run_a_scenario(session: Session) -> None:
    code = """
    import pytest
    from harness import Scenario, Tasks
    @pytest.mark.parametrize("text", ["x" * 300, "a\\tb"])
    def test_it(run, text) -> None:
        run(Scenario(tasks=Tasks(count=1)), kind="scripted")
    """
    assert "2 passed" in session(code)


def test_the_kind_of_workers_may_be_a_text(session: Session) -> None:
    code = """
    from harness import Workers
    def test_it(run) -> None:
        done = run("quiet", tasks=1, workers=1, kind="scripted", expect="valid")
        assert {worker.kind for worker in done.plan.workers} == {Workers.SCRIPTED}
    """
    assert "1 passed" in session(code)


PLANS = """
    from hypothesis import given, settings
    from harness import Fleet, Scenario, ServerErrors, Tasks, Workers, minutes
    from harness.strategies import plans, whole_runs
    SCENARIO = Scenario(
        fleet=Fleet(count=1, slots=1, kind=Workers.SCRIPTED),
        tasks=Tasks(count=1),
        options={"edge.job_poll_interval": "60", "edge.heartbeat_interval": "60"},  # few calls: soon done
        until=minutes(1),
    )
    @settings(whole_runs, derandomize=True, database=None)
    @given(plans(SCENARIO, kinds=(ServerErrors,)))
    def test_it(run, plan) -> None:
        if any(isinstance(fault, ServerErrors) and fault.times is None for fault in plan.faults):
            run(plan, expect="unknown")
"""


def test_a_drawn_plan_that_fails_is_stored_at_its_smallest_and_told_how_to_come_back(
    session: Session, pytester: pytest.Pytester
) -> None:
    out = session(PLANS, "--junitxml=report.xml")
    assert "1 failed" in out
    assert "Planned  1 scripted worker × 1 slot on default" in out
    assert "harness replay runs/drawn-1/plan.json" in out
    assert "@reproduce_failure(" in out
    assert sorted(path.name for path in (pytester.path / "runs").iterdir()) == ["drawn-1", "latest"]
    assert properties(pytester.path / "report.xml") == {
        "harness_replay": "harness replay runs/drawn-1/plan.json"
    }
    plan = read_plan(pytester.path / "runs" / "drawn-1" / "plan.json")
    assert [type(fault) for fault in plan.faults] == [ServerErrors]


def test_a_session_that_does_not_use_it_imports_neither_airflow_nor_the_fake() -> None:
    code = (
        "import sys, harness.pytest_plugin\n"
        "print([name for name in ('airflow', 'fake_api', 'fastapi', 'hypothesis') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
