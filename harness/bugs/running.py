"""Runs the plan of each bug on its releases, in the live world: released processes, relays and faults between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from harness.bugs.outcome import Result, Shown
from harness.bugs.table import Bug, Release
from harness.errors import NotInstallable, NotStarted, UsageError
from harness.invariants import judge
from harness.live.airflow_home import released
from harness.live.environments import Environment, environment
from harness.live.installed import Installed
from harness.model.plan import Plan
from harness.model.plan_file import read_plan
from harness.report import store
from harness.report.stored import load
from harness.report.story import tell
from harness.report.summary import summarise
from harness.runner import Run, run_plan

#: What the fake API has to be for workers of every release: they say other versions than its own, and Task SDKs up to
#: 1.1.5 send JSON without a Content-Type, which servers of their time took.
LENIENT = {
    "minimum_acceptable_core_version_for_workers": "3.0.0",
    "minimum_acceptable_edge_version_for_workers": "1.0.0",
    "strict_content_type": False,
}


def errands(
    chosen: Sequence[Bug], *, plans: Path, out: Path | None = None
) -> list[tuple[tuple[str, str], Callable[[], Result]]]:
    """Each bug on each of its releases: its id and the role, and what installs the release if need be and runs the plan.

    `plans` is the folder of the plans; the runs are stored below `out`, and one that is there already is not run again.
    What cannot be installed, or does not come up, is told in the result. Raises UsageError where `out` has another run.
    """
    return [
        ((bug.id, role), partial(_result, bug, role, release, plans, _folder(out, bug, release)))
        for bug in chosen
        for role, release in bug.releases
    ]


def run_bugs(chosen: Sequence[Bug], *, plans: Path, out: Path | None = None) -> tuple[Shown, ...]:
    """Run each bug on its releases, one after the other, in this process. Raises as `errands`."""
    return shown(chosen, {name: errand() for name, errand in errands(chosen, plans=plans, out=out)})


def shown(chosen: Sequence[Bug], results: Mapping[tuple[str, str], Result]) -> tuple[Shown, ...]:
    """The bugs with what became of their errands."""
    return tuple(
        Shown(bug=bug, results=tuple(results[bug.id, role] for role, _ in bug.releases)) for bug in chosen
    )


def _folder(out: Path | None, bug: Bug, release: Release) -> Path | None:
    """It is named by bug and release: the same bug on another release is another run."""
    return out and out / re.sub(r"[^\w.]+", "-", f"{bug.id} {release.name}")


def _result(bug: Bug, role: str, release: Release, plans: Path, folder: Path | None) -> Result:
    plan = read_plan(plans / f"{bug.plan}.json")
    if folder and (folder / store.VERDICT).exists():
        return _stored(role, release, plan, folder)
    try:
        run = _run(bug, install(release), plan, folder)
    except NotInstallable as error:
        return Result(role=role, release=release.name, not_installed=str(error))
    except NotStarted as error:
        return Result(role=role, release=release.name, not_started=str(error))
    return Result(role=role, release=release.name, verdict=run.verdict, seconds=run.wall_seconds)


def _stored(role: str, release: Release, plan: Plan, folder: Path) -> Result:
    """What an earlier run showed: whoever was broken off need not begin anew."""
    found = load(folder)
    if found.plan != plan:
        raise UsageError(f"{folder} has a run of another plan: give another --out, or take it away")
    seconds = float((found.verdict or {}).get("wall_seconds") or 0)
    verdict = judge(found.history, plan)
    return Result(role=role, release=release.name, verdict=verdict, seconds=seconds)


def install(release: Release) -> Environment:
    """The environment of a release; one without requirements is the one that the harness is made for.

    Raises NotInstallable.
    """
    if not release.requirements:
        return released()
    return environment(*release.requirements, before=release.before)


def _run(bug: Bug, installed: Environment, plan: Plan, folder: Path | None) -> Run:
    if folder:
        store.reserve(plan, out=folder)
    both = Installed(workers=installed, server=installed, fake=LENIENT)
    run = run_plan(plan, world="live", server=bug.server, installed=both)
    if folder:
        _keep(run, folder)
    return run


def _keep(run: Run, folder: Path) -> None:
    again = f"harness matrix --bugs {folder.name.partition('-')[0]}"
    story = tell(run.plan, run.history, run.verdict, replay=again, world="live")
    summary = summarise(
        run.plan, run.history, run.verdict, replay=again, world="live", wall_seconds=run.wall_seconds
    )
    store.keep(folder, history=run.history, story=story, summary=summary)
