"""What became of the tasks of a release, beside what real Airflow would have made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.verdict import EXIT_SAFETY, EXIT_UNKNOWN, EXIT_VALID
from harness.releases.table import Release


@dataclass(frozen=True)
class Cell:
    """One column of one release: what differed from real Airflow, in sentences; nothing if all is alike."""

    name: str
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One release. `problem` says why it was not run, if it was not; then there are no cells.

    `installed` are the versions of what it was run with, by name.
    """

    release: Release
    installed: dict[str, str]
    cells: tuple[Cell, ...] = ()
    problem: str | None = None


def exit_code(rows: Sequence[Row]) -> int:
    """0 when all releases ended their tasks as real Airflow; 1 when one differed; 3 when one was not run."""
    if any(cell.differences for row in rows for cell in row.cells):
        return EXIT_SAFETY
    return EXIT_UNKNOWN if any(row.problem for row in rows) else EXIT_VALID


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """The whole matrix as one JSON object."""
    return {"exit_code": exit_code(rows), "releases": [_row_as_json(row) for row in rows]}


def as_table(rows: Sequence[Row]) -> list[str]:
    """One line a release, one column a task; below, what differed and what else there is to know."""
    columns = next((tuple(cell.name for cell in row.cells) for row in rows if row.cells), ())
    grid = [("task sdk", *_HEADINGS, *columns)]
    grid += [(row.release.sdk, *_versions(row), *_marks(row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*_filled(grid), strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=False)) for line in grid]
    return [line.rstrip() for line in lines] + [""] + list(_notes(rows))


_HEADINGS = ("core", "python")


def _versions(row: Row) -> tuple[str, ...]:
    return tuple(row.installed.get(name, "-") for name in _HEADINGS)


def _marks(row: Row) -> tuple[str, ...]:
    return tuple("differs" if cell.differences else "as real" for cell in row.cells) or ("not run",)


def _filled(grid: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    longest = max(map(len, grid))  # not the heading, when no release was run
    return [(*line, *[""] * (longest - len(line))) for line in grid]


def _notes(rows: Sequence[Row]) -> list[str]:
    notes = [f"{row.release.sdk} was not run: {row.problem}" for row in rows if row.problem]
    notes += [
        f"{row.release.sdk} {cell.name}: {difference}"
        for row in rows
        for cell in row.cells
        for difference in cell.differences
    ]
    notes += [f"{row.release.sdk}: {row.release.why}" for row in rows if row.release.why and row.cells]
    return notes or ["every task ended as real Airflow would end it"]


def _row_as_json(row: Row) -> dict[str, Any]:
    return {
        "sdk": row.release.sdk,
        "installed": row.installed,
        "not_run": row.problem,
        "server": dict(row.release.server),
        "tasks": {cell.name: list(cell.differences) for cell in row.cells},
    }
