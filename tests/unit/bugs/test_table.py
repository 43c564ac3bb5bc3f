"""The table of known bugs, and the plans and pages that belong to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bugs import BUGS, Bug, bugs
from harness.errors import BadParameter
from harness.invariants import INVARIANTS
from harness.model.plan_checks import check_plan
from harness.model.plan_file import read_plan

FOLDER = Path(__file__).parents[3] / "scenarios" / "regressions" / "releases"
SHOWN = [bug for bug in BUGS if bug.plan]
each_shown = pytest.mark.parametrize("bug", SHOWN, ids=lambda bug: bug.id)


def test_each_bug_is_there_once_and_in_order() -> None:
    names = [bug.id for bug in BUGS]
    assert names == sorted(set(names))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_bug_is_shown_on_a_release_that_has_it_or_told_why_not(bug: Bug) -> None:
    assert bool(bug.affected) is bool(bug.plan) is bool(bug.found_by) is not bool(bug.why_not)


@each_shown
def test_the_plan_of_a_bug_can_be_run_and_is_judged_by_what_finds_it(bug: Bug) -> None:
    plan = read_plan(FOLDER / f"{bug.plan}.json")
    check_plan(plan)
    assert plan.scenario == bug.plan
    assert set(bug.found_by) <= set(plan.invariants) <= set(INVARIANTS)


@each_shown
def test_a_release_is_pinned_with_the_dependencies_of_its_time(bug: Bug) -> None:
    for _, release in bug.releases:
        assert bool(release.requirements) is bool(release.before)
        assert all("==" in each or "<" in each for each in release.requirements)


def test_every_plan_has_a_bug_a_page_and_a_row_in_the_index() -> None:
    plans = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert plans == sorted(bug.plan for bug in SHOWN)
    assert plans == sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")
    index = (FOLDER / "README.md").read_text().splitlines()
    rows = [line for line in index if line.startswith("| ") and "](" in line]
    assert rows == [_row(bug) for bug in SHOWN]


def _row(bug: Bug) -> str:
    has, has_not = (
        [release.name for at, release in bug.releases if at == role] for role in ("affected", "without")
    )
    found = ", ".join(f"`{name}`" for name in bug.found_by)
    return f"| {bug.id} | [{bug.plan}]({bug.plan}.md) | {has[0]} | {has_not[0] if has_not else 'none yet'} | {found} |"


@each_shown
def test_a_page_tells_how_to_run_it(bug: Bug) -> None:
    page = (FOLDER / f"{bug.plan}.md").read_text().splitlines()
    assert f"    harness matrix --bugs {bug.id}" in page


def test_bugs_are_found_by_their_names_in_the_order_asked_for() -> None:
    assert [bug.id for bug in bugs(["n03", "B03", "N03"])] == ["N03", "B03"]
    assert bugs() == BUGS


def test_a_name_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(BadParameter, match="--bugs B99: there is no bug 'B99'"):
        bugs(["B99"])
