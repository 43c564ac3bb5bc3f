"""A run of a bug that is stored is not run again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import Fleet, Scenario, Tasks, Workers, minutes
from harness.bugs import bugs, errands, run_bugs
from harness.bugs.running import _keep
from harness.errors import UsageError
from harness.model.plan_file import plan_to_json
from harness.model.planning import make_plan
from harness.report import store
from harness.runner import run_plan

SMALL = Scenario(
    fleet=Fleet(count=1, kind=Workers.SCRIPTED), tasks=Tasks(count=1), until=minutes(3), settle=minutes(3)
)
PLAN = make_plan(SMALL, 1, name="a-bug")
(N03,) = bugs(["N03"])
BUG = replace(N03, plan=PLAN.scenario)  # on one release, as nobody has mended it
FOLDER = "N03-core-3.3.2-task-sdk-1.3.2-edge3-5.1.0"


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    (tmp_path / f"{PLAN.scenario}.json").write_text(plan_to_json(PLAN))
    return tmp_path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder in which the bug was run before, in whatever world."""
    folder = tmp_path / "out" / FOLDER
    store.reserve(PLAN, out=folder)
    _keep(replace(run_plan(PLAN), wall_seconds=61.5), folder)
    return folder.parent


def test_what_was_run_before_is_judged_again_and_not_run(plans: Path, out: Path) -> None:
    ((result,),) = [shown.results for shown in run_bugs([BUG], plans=plans, out=out)]
    assert (result.answer, result.seconds, result.broken) == ("valid", 61.5, ())


def test_a_run_of_another_plan_is_refused(plans: Path, out: Path) -> None:
    other = replace(PLAN, until=minutes(2))
    (plans / f"{PLAN.scenario}.json").write_text(plan_to_json(other))
    with pytest.raises(UsageError, match=f"{FOLDER} has a run of another plan"):
        run_bugs([BUG], plans=plans, out=out)


def test_there_is_an_errand_for_each_release_of_each_bug(plans: Path) -> None:
    names = [name for name, _ in errands(bugs(["B03", "N03"]), plans=plans)]
    assert names == [("B03", "affected"), ("B03", "without"), ("N03", "affected")]
