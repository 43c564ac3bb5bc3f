"""scenarios/exhaust.md has every cell of the exhaustive search that is not valid, and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from harness.catalogue import find
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.search import Cell, Inline, Means, State, cells, exhaust, quiet_moments, small
from harness.search.kinds import Span

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PAGE = SCENARIOS / "exhaust.md"
ROW = re.compile(r"\| (\w+) \| `(.+?)` \| `(.+?)` \| `(.+?)` \| (\d+) \| (.+) \| (.+) \|")
TOTALS = re.compile(r"\| `(\w+)` \| ([\d,]+) \| (\d+) \| (\d+) \| (\d+) \|")


LISTED = [workers for workers in Workers if f"| `{workers}` |" in PAGE.read_text()]


@dataclass(frozen=True)
class Row:
    """One reason, and the cells that have it."""

    workers: str
    calls: str
    faults: str
    spans: str
    count: int
    why: str
    page: str

    def has(self, cell: Cell) -> bool:
        ((moment, kind, span),) = cell.parts
        told = ((self.calls, moment.label), (self.faults, kind.name), (self.spans, str(span)))
        return all(any(fnmatchcase(name, each) for each in patterns.split("; ")) for patterns, name in told)


def rows(workers: Workers) -> list[Row]:
    matches = [match for line in PAGE.read_text().splitlines() if (match := ROW.fullmatch(line))]
    rows = [
        Row(
            workers=match[1],
            calls=match[2],
            faults=match[3],
            spans=match[4],
            count=int(match[5]),
            why=match[6],
            page=match[7],
        )
        for match in matches
    ]
    return [row for row in rows if row.workers == workers]


@cache
def plan_and_cells(workers: Workers) -> tuple[Plan, list[Cell]]:
    quiet = make_plan(small(find("quiet").build()), 1, name="quiet", workers=workers)
    return quiet, cells(quiet_moments(quiet))


@pytest.mark.parametrize("workers", LISTED)
def test_each_row_has_as_many_cells_as_it_says_and_no_cell_two_reasons(workers: Workers) -> None:
    _, every = plan_and_cells(workers)
    found = {row: [cell.key for cell in every if row.has(cell)] for row in rows(workers)}
    assert {row.why: len(keys) for row, keys in found.items()} == {
        row.why: row.count for row in rows(workers)
    }
    invalid = [key for keys in found.values() for key in keys]
    assert len(set(invalid)) == len(invalid)
    total, valid, said, unstruck = totals(workers)
    assert (total, said) == (len(every), len(invalid))
    assert valid + said + unstruck == total


def totals(workers: Workers) -> tuple[int, ...]:
    (numbers,) = [
        match.groups()[1:]
        for line in PAGE.read_text().splitlines()
        if (match := TOTALS.match(line)) and match[1] == workers
    ]
    return tuple(int(number.replace(",", "")) for number in numbers)


def test_each_page_that_a_row_names_is_there() -> None:
    links = [row.page for workers in Workers for row in rows(workers) if row.page != "–"]
    assert links
    for link in links:
        assert (SCENARIOS / link.removeprefix("[page](").removesuffix(")")).exists(), link


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("workers", LISTED)
def test_the_cells_that_are_invalid_are_those_of_the_page(workers: Workers, tmp_path: Path) -> None:
    quiet, every = plan_and_cells(workers)
    all_spans = workers is Workers.SCRIPTED  # with the others a cell takes a second
    chosen = [cell for cell in every if all_spans or cell.parts[0][2] is Span.ONCE]
    records = exhaust(quiet, chosen, folder=tmp_path, means=Means(pool=Inline()))
    invalid = {record.key for record in records if record.outcome.state is State.INVALID}
    assert invalid == {cell.key for cell in chosen if any(row.has(cell) for row in rows(workers))}
    assert {record.outcome.state for record in records} <= {State.VALID, State.INVALID, State.NOT_EXERCISED}
