"""The table that is printed of the bugs, and the exit code."""

from __future__ import annotations

import pytest

from harness.bugs import Result, Shown, bugs
from harness.bugs.outcome import as_json, as_table, exit_code
from harness.model.verdict import Counterexample, Kind, Verdict

(BUG,) = bugs(["B04"])
BROKEN = Counterexample(invariant="reports_match_bodies", kind=Kind.SAFETY, summary="its body never ran")
OTHER = Counterexample(invariant="every_task_finishes", kind=Kind.LIVENESS, summary="it is left queued")


def result(role: str, *found: Counterexample) -> Result:
    release = dict(BUG.releases)[role].name
    return Result(role=role, release=release, verdict=Verdict(counterexamples=found), seconds=61.04)


FOUND, FREE = result("affected", BROKEN), result("without")
ABSENT = Result(role="without", release="edge3 3.8.0", not_installed="no index answers")
SHOWN = Shown(bug=BUG, results=(FOUND, FREE))
MISSED = Shown(bug=BUG, results=(result("affected", OTHER), FREE))
STILL = Shown(bug=BUG, results=(FOUND, result("without", OTHER)))
ALONE = Shown(bug=BUG, results=(FOUND, ABSENT))
DOWN = Shown(
    bug=BUG, results=(Result(role="affected", release="edge3 3.7.0", not_started="its port is taken"), FREE)
)


@pytest.mark.parametrize(
    ("shown", "code"),
    [((SHOWN,), 0), ((SHOWN, MISSED), 1), ((STILL,), 1), ((DOWN,), 1), ((ALONE,), 3), ((ALONE, MISSED), 1)],
)
def test_a_difference_is_1_and_a_release_that_was_not_installed_3(
    shown: tuple[Shown, ...], code: int
) -> None:
    assert exit_code(shown) == code
    assert as_json(shown)["exit_code"] == code


def test_one_line_a_bug_with_both_releases() -> None:
    assert as_table([SHOWN]) == [
        "bug  component     has it       which is  has it not   which is  found by",
        "B04  edge3 worker  edge3 3.7.0  invalid   edge3 3.8.0  valid     reports_match_bodies",
        "",
        "all that was run is as the table says",
    ]


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (MISSED, "B04 was not found on edge3 3.7.0: reports_match_bodies held"),
        (STILL, "B04 on edge3 3.8.0 is invalid: every_task_finishes: it is left queued"),
        (DOWN, "B04 on edge3 3.7.0 did not come up: its port is taken"),
        (ALONE, "B04 was not run on edge3 3.8.0: no index answers"),
    ],
)
def test_what_is_otherwise_is_told_below(shown: Shown, line: str) -> None:
    assert line in as_table([shown])


def test_the_json_has_what_was_found() -> None:
    (told,) = as_json([SHOWN])["bugs"]
    assert (told["id"], told["not_shown"], told["differences"]) == ("B04", None, [])
    assert told["results"][0] == {
        "role": "affected",
        "release": "edge3 3.7.0",
        "answer": "invalid",
        "exit_code": 1,
        "counterexamples": [{"invariant": "reports_match_bodies", "summary": "its body never ran"}],
        "problem": None,
        "seconds": 61.0,
    }
