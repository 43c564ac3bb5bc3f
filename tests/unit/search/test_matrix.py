from __future__ import annotations

from pathlib import Path

from harness.search.journal import Record
from harness.search.matrix import as_text, compare
from harness.search.outcome import Outcome, State
from harness.search.searching import groups_as_text


def _cell(key: str, state: State, exit_code: int, *broken: str) -> Record:
    outcome = Outcome(state=state, exit_code=exit_code, seconds=1.0, broken=broken)
    return Record(key=key, plan="ab", outcome=outcome)


BEFORE = [
    _cell("ti.run × request lost, reset × once", State.VALID, 0),
    _cell("ti.run × request lost, reset × for-ever", State.INVALID, 2, "every_task_finishes"),
    _cell("ti.run × status 500 × once", State.INVALID, 1, "slots_are_never_exceeded"),
    _cell("ti.state success × status 500 × window", State.NOT_EXERCISED, 3),
]


def test_a_matrix_has_a_row_a_call_and_a_column_a_fault() -> None:
    header, run, state, *_ = as_text(BEFORE)
    assert header.split() == ["q-rst", "500"]
    assert run == "ti.run           · L   S"
    assert state == "ti.state success        -"


def test_a_comparison_tells_the_cells_that_differ_and_no_others() -> None:
    after = [
        BEFORE[0],
        _cell("ti.run × request lost, reset × for-ever", State.VALID, 0),
        BEFORE[2],
        _cell("ti.run × status 502 × once", State.VALID, 0),
    ]
    assert list(compare(BEFORE, BEFORE)) == []
    assert list(compare(BEFORE, after)) == [
        "ti.run × request lost, reset × for-ever: invalid (every_task_finishes) → valid",
        "ti.state success × status 500 × window: not exercised → not there",
        "ti.run × status 502 × once: not there → valid",
    ]


def test_what_is_unknown_is_told_like_a_failure_and_what_never_struck_is_not() -> None:
    crashed = _cell("ti.run × status 502 × once", State.UNKNOWN, 3)
    valid, unstruck = BEFORE[0], BEFORE[3]
    first, *_ = groups_as_text([valid, unstruck, crashed], Path("found"))
    assert first == "1 × unknown"
