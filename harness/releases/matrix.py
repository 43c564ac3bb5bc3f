"""Runs the Dag's tasks with each release, and holds what became of them against the table of what real Airflow does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fake_api import TaskSpec
from harness.errors import NotInstallable
from harness.live.environments import Environment
from harness.releases.expected import COLUMNS, Expected
from harness.releases.outcome import Cell, Row
from harness.releases.server import Server, serve
from harness.releases.supervised import supervise
from harness.releases.table import CORE, SDK, Release, install

#: Supervisors at work at one time; each costs seconds of imports.
AT_ONCE = 2
#: Runs of one task instance before it is given up; the longest takes two.
RUNS_MAX = 4

Columns = Mapping[str, Sequence[Expected]]


def run_matrix(
    releases: Sequence[Release],
    *,
    columns: Columns = COLUMNS,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Row, ...]:
    """Install each release, then run them one after the other; a row each, in their order.

    `progress` is told what is being done. A release that cannot be installed gives a row with that problem.
    """
    installed = []
    for release in releases:
        progress(f"{release.sdk}: installing")
        installed.append((release, _installed(release)))
    rows = []
    for release, environment in installed:
        if isinstance(environment, str):
            rows.append(Row(release=release, installed={}, problem=environment))
            continue
        progress(f"{release.sdk}: running {sum(map(len, columns.values()))} task instances")
        rows.append(asyncio.run(run_release(release, environment, columns)))
    return tuple(rows)


def _installed(release: Release) -> Environment | str:
    try:
        return install(release)
    except NotInstallable as error:
        return str(error)


async def run_release(release: Release, environment: Environment, columns: Columns) -> Row:
    """Run all columns with one release against a fake of its own."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with serve(release) as server:
        with TemporaryDirectory(prefix="harness-matrix-") as folder:
            expected = {name: [each.of(release.version) for each in chain] for name, chain in columns.items()}
            worker = _Worker(server, environment, Path(folder), slots)
            async with asyncio.TaskGroup() as group:
                cells = [group.create_task(worker.column(*each)) for each in expected.items()]
    found = environment.versions(SDK, CORE)
    return Row(
        release=release,
        installed={"core": found[CORE], "python": environment.python_version},
        cells=tuple(cell.result() for cell in cells),
    )


class _Worker:
    """Runs what is queued, each try in a folder of its own."""

    def __init__(
        self, server: Server, environment: Environment, folder: Path, slots: asyncio.Semaphore
    ) -> None:
        self._server, self._environment, self._folder, self._slots = server, environment, folder, slots

    async def column(self, name: str, chain: Sequence[Expected]) -> Cell:
        """The task instances of a column, one after the other; the first that differs ends it."""
        for expected in chain:
            task = self._server.submit(expected)
            problem = await self._to_its_end(task)
            found = [*differences(expected, task, self._server), *filter(None, [problem])]
            if found:
                where = expected.task_id + (f"[{expected.map_index}]" if expected.map_index >= 0 else "")
                return Cell(name, (f"{where}: {'; '.join(found)} ({expected.because})",))
        return Cell(name)

    async def _to_its_end(self, task: TaskSpec) -> str | None:
        for number in range(RUNS_MAX):
            if not await self._server.go_on(task):
                return None
            home = self._folder / f"{task.task_id}-{task.map_index}-{number}"
            home.mkdir()
            async with self._slots:
                problem = await supervise(
                    self._environment,
                    workload=self._server.workload(self._server.find(task)),
                    port=self._server.port,
                    home=home,
                )
            if problem:
                return problem
        return f"it did not end within {RUNS_MAX} runs"


def differences(expected: Expected, task: TaskSpec, server: Server) -> list[str]:
    """What of a task instance at its end is not as real Airflow leaves it: the first thing, if there is one."""
    ti = server.find(task)
    xcoms = server.xcoms(task)
    seen = {
        "states": (tuple(server.paths[str(ti.id)]), expected.states),
        "tries": (ti.try_number, expected.tries),
        "reschedules": (len(ti.reschedules), expected.reschedules),
        "label": (ti.rendered_map_index, expected.label),
        "xcoms": (list(xcoms.items()), list(expected.xcoms.items())),
    }
    wrong = [
        f"{name} {_told(found)}, not {_told(wanted)}"
        for name, (found, wanted) in seen.items()
        if found != wanted
    ]
    # whatever ended otherwise has left other things too: they are no news
    return wrong[:1]


def _told(value: object) -> str:
    return " → ".join(value) if isinstance(value, tuple) else repr(value)
