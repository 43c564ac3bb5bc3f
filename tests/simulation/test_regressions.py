"""Each plan in scenarios/regressions breaks exactly what the page beside it says, and a better worker does better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import Run, Workers, run_plan
from harness.model.plan_file import read_plan

FOLDER = Path(__file__).parents[2] / "scenarios" / "regressions"
PLANS = sorted(FOLDER.glob("*.json"))
each_plan = pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)


def _fact(plan: Path, name: str) -> str:
    """What the page says after `name:`."""
    lines = plan.with_suffix(".md").read_text().splitlines()
    (fact,) = (line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: "))
    return fact


def _broken(run: Run) -> str:
    """The broken promises, in the order in which a plan names them, as a page lists them."""
    broken = {found.invariant for found in run.verdict.counterexamples}
    return ", ".join(name for name in run.plan.invariants if name in broken) or "nothing"


def test_there_are_plans() -> None:
    assert PLANS


def test_every_plan_has_a_page_and_a_row_in_the_index() -> None:
    index = (FOLDER / "README.md").read_text()
    rows = [line for line in index.splitlines() if line.startswith("| [")]
    assert [path.stem for path in sorted(FOLDER.glob("*.md")) if path.stem != "README"] == [
        plan.stem for plan in PLANS
    ]
    for plan, row in zip(PLANS, rows, strict=True):
        broken = ", ".join(f"`{name}`" for name in _fact(plan, "Breaks").split(", "))
        assert row == f"| [{plan.stem}]({plan.stem}.md) | {broken} | {_fact(plan, 'Exit code')} |"


@each_plan
def test_a_released_worker_breaks_what_the_page_says(plan: Path) -> None:
    run = run_plan(read_plan(plan))
    assert Workers.SCRIPTED not in {worker.kind for worker in run.plan.workers}
    assert _broken(run) == _fact(plan, "Breaks")
    assert run.verdict.exit_code == int(_fact(plan, "Exit code"))


@each_plan
def test_a_scripted_worker_breaks_what_the_page_says(plan: Path) -> None:
    released = read_plan(plan)
    workers = tuple(replace(worker, kind=Workers.SCRIPTED) for worker in released.workers)
    assert _broken(run_plan(replace(released, workers=workers))) == _fact(plan, "Scripted workers break")


@each_plan
def test_a_page_tells_how_to_replay_its_plan(plan: Path) -> None:
    command = f"    harness replay scenarios/regressions/{plan.name}"
    assert command in plan.with_suffix(".md").read_text().splitlines()
