"""The table that is printed, and the exit code."""

from __future__ import annotations

import pytest

from harness.releases import Cell, Row, releases
from harness.releases.outcome import as_json, as_table, exit_code

OLD, NEW = releases(["1.0.6", "1.3.2"])
INSTALLED = {"core": "3.3.2", "python": "3.11.7"}


def row(*cells: Cell, release=NEW, problem: str | None = None) -> Row:
    return Row(release=release, installed={} if problem else INSTALLED, cells=cells, problem=problem)


WELL = row(Cell("skip"), Cell("failure"))
WRONG = row(Cell("skip", ("skip: states queued, not queued → running → skipped",)), Cell("failure"))
MISSING = row(release=OLD, problem="no Python here")


@pytest.mark.parametrize(
    ("rows", "code"),
    [((WELL,), 0), ((WELL, WRONG), 1), ((WELL, MISSING), 3), ((WRONG, MISSING), 1), ((MISSING,), 3)],
)
def test_a_difference_is_1_and_a_release_that_was_not_run_3(rows: tuple[Row, ...], code: int) -> None:
    assert exit_code(rows) == code
    assert as_json(rows)["exit_code"] == code


def test_one_line_a_release_and_one_column_a_task() -> None:
    assert as_table([WRONG, MISSING]) == [
        "task sdk  core   python  skip     failure",
        "1.3.2     3.3.2  3.11.7  differs  as real",
        "1.0.6     -      -       not run",
        "",
        "1.0.6 was not run: no Python here",
        "1.3.2 skip: skip: states queued, not queued → running → skipped",
    ]


def test_when_no_release_could_be_run_the_table_says_so() -> None:
    assert as_table([MISSING]) == [
        "task sdk  core  python",
        "1.0.6     -     -       not run",
        "",
        "1.0.6 was not run: no Python here",
    ]


def test_when_all_is_well_it_is_said() -> None:
    assert as_table([WELL])[-1] == "every task ended as real Airflow would end it"


def test_a_release_that_needs_another_server_is_told_of() -> None:
    assert as_table([row(Cell("skip"), release=OLD)])[-1] == f"1.0.6: {OLD.why}"


def test_json_has_each_task_with_what_differed() -> None:
    assert as_json([WRONG, MISSING])["releases"] == [
        {
            "sdk": "1.3.2",
            "installed": INSTALLED,
            "not_run": None,
            "server": {},
            "tasks": {"skip": ["skip: states queued, not queued → running → skipped"], "failure": []},
        },
        {
            "sdk": "1.0.6",
            "installed": {},
            "not_run": "no Python here",
            "server": {"strict_content_type": False},
            "tasks": {},
        },
    ]
