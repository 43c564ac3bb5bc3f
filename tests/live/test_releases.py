"""Real tasks under released Task SDKs: their supervisor and task runner, in processes, against the fake on a socket."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.releases import Row, releases, run_matrix
from harness.releases.expected import COLUMNS, Expected
from harness.releases.outcome import as_table, exit_code

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(1200)]

RELEASES = releases()
#: What pip and uv say where no package index answers, and we where no Python here is of an age with the release.
ABSENT = re.compile(
    r"from versions: none|Failed to fetch|dns error|Connection refused|timed out|put one of those"
)


def run(release, columns) -> Row:
    (row,) = run_matrix([release], columns=columns)
    if row.problem and ABSENT.search(row.problem):
        pytest.skip(f"{release.sdk} cannot be installed here: {row.problem}")
    return row


#: The oldest and the newest are run each time, those between them every night: a release takes half a minute.
BETWEEN = [pytest.param(each, marks=pytest.mark.nightly) for each in RELEASES[1:-1]]


@pytest.mark.parametrize("release", [RELEASES[0], *BETWEEN, RELEASES[-1]], ids=lambda release: release.sdk)
def test_a_release_ends_every_task_as_real_airflow_would(release) -> None:
    row = run(release, COLUMNS)
    assert exit_code([row]) == 0, "\n".join(as_table([row]))
    assert [cell.name for cell in row.cells] == list(COLUMNS)


def wrong(task_id: str, **values) -> tuple[Expected, ...]:
    """The row of that task with something other than what is right."""
    rows = {each.task_id: each for chain in COLUMNS.values() for each in chain}
    return (replace(rows[task_id], **values),)


WRONG = {
    "states": wrong("skip", states=("queued", "running", "success")),
    "tries": wrong("fail", tries=2),
    "reschedules": wrong("reschedule", reschedules=2),
    "xcoms": wrong("variables", xcoms={"return_value": "hello"}),
    "label": wrong("double", map_index=0, label="number 5", xcoms={"return_value": 6}),
}


def test_whatever_is_not_as_real_airflow_leaves_it_is_found() -> None:
    row = run(RELEASES[-1], WRONG)
    assert exit_code([row]) == 1
    for cell in row.cells:
        (difference,) = cell.differences
        assert re.search(rf": {cell.name} .*, not ", difference), difference


def test_a_release_is_refused_by_the_server_that_its_row_says_would_refuse_it() -> None:
    """The real api-server of Airflow 3.3.2 answers the same: 422 to a JSON body without a Content-Type."""
    row = run(replace(RELEASES[0], server={}), {"skip": COLUMNS["skip"]})
    (cell,) = row.cells
    assert (
        "states queued, not queued → running → skipped; the supervisor exited with 1" in cell.differences[0]
    )
