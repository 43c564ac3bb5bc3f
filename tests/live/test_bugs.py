"""Known bugs of released Airflow, in real time: found on a release that has them, and not on one that has not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.bugs import BUGS, Bug, run_bugs
from harness.bugs.outcome import as_table

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(1800)]

PLANS = Path(__file__).parents[2] / "scenarios" / "regressions" / "releases"
#: What uv says where no package index answers, and we where there is no uv.
ABSENT = re.compile(r"Failed to fetch|dns error|Connection refused|timed out|known to uv only")
#: One is run each time, which takes a minute; the others every night.
QUICK = "B03"
SHOWN = [
    pytest.param(bug, id=bug.id, marks=() if bug.id == QUICK else pytest.mark.nightly)
    for bug in BUGS
    if bug.plan
]


@pytest.mark.parametrize("bug", SHOWN)
def test_a_bug_is_found_where_it_is_and_nowhere_else(bug: Bug) -> None:
    (shown,) = run_bugs([bug], plans=PLANS)
    problems = [result.not_installed for result in shown.results if result.not_installed]
    if any(ABSENT.search(problem) for problem in problems):
        pytest.skip(f"{bug.id}: {problems[0]}")
    assert not problems
    assert shown.differences == (), "\n".join(as_table([shown]))
