"""Runs the plan of each bug on its releases, in the live world: released processes, relays and faults between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.bugs.outcome import Result, Shown
from harness.bugs.table import Bug, Release
from harness.errors import NotInstallable, NotStarted
from harness.live.airflow_home import released
from harness.live.environments import Environment, environment
from harness.live.installed import Installed
from harness.model.plan_file import read_plan
from harness.report import store
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
Progress = Callable[[str], None]


def run_bugs(
    chosen: Sequence[Bug], *, plans: Path, out: Path | None = None, progress: Progress = lambda _: None
) -> tuple[Shown, ...]:
    """Install what is missing, then run each bug on its releases, one after the other.

    `plans` is the folder of the plans; the runs are stored below `out`. `progress` is told what is being done. What
    cannot be installed, or does not come up, is told in the result.
    """
    return tuple(_show(bug, plans, out, progress) for bug in chosen)


def _show(bug: Bug, plans: Path, out: Path | None, progress: Progress) -> Shown:
    results = []
    for role, release in bug.releases:
        progress(f"{bug.id}: {release.name}")
        folder = out / f"{bug.id}-{role}" if out else None
        results.append(_result(bug, role, release, plans, folder))
    return Shown(bug=bug, results=tuple(results))


def _result(bug: Bug, role: str, release: Release, plans: Path, folder: Path | None) -> Result:
    try:
        installed = install(release)
    except NotInstallable as error:
        return Result(role=role, release=release.name, not_installed=str(error))
    try:
        run = _run(bug, installed, plans, folder)
    except NotStarted as error:
        return Result(role=role, release=release.name, not_started=str(error))
    return Result(role=role, release=release.name, verdict=run.verdict, seconds=run.wall_seconds)


def install(release: Release) -> Environment:
    """The environment of a release; one without requirements is the one that the harness is made for.

    Raises NotInstallable.
    """
    if not release.requirements:
        return released()
    return environment(*release.requirements, before=release.before)


def _run(bug: Bug, installed: Environment, plans: Path, folder: Path | None) -> Run:
    plan = read_plan(plans / f"{bug.plan}.json")
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
