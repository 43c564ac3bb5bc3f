"""The search for the knee, against servers that are one line of arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capacity.knee import Search, decided, knee, next_amount
from harness.capacity.step import Answer, Step

Server = Callable[[float, int], Answer]


def _search(server: Server, search: Search) -> list[Step]:
    steps: list[Step] = []
    while (amount := next_amount(steps, search)) is not None:
        assert len(steps) < 60
        steps.append(Step(amount=amount, seconds=1, answer=server(amount, len(steps)), why=("so it was",)))
    return steps


def _carries(most: float) -> Server:
    return lambda amount, _: Answer.KEPT if amount <= most else Answer.MISSED


@given(most=st.floats(1, 90_000), start=st.integers(1, 1000))
def test_the_knee_is_found_as_exactly_as_was_asked(most: float, start: int) -> None:
    search = Search(start=start, precision=0.1)
    found = knee(_search(_carries(most), search))
    assert found.amount is not None
    assert found.limit is not None
    assert found.amount <= most < found.limit
    assert found.limit <= max(found.amount * 1.1, found.amount + 1)


def test_steps_double_then_close_in_and_the_ends_are_measured_again() -> None:
    steps = _search(_carries(55), Search(start=10, precision=0.15, repeats=2))
    assert [step.amount for step in steps] == [10, 20, 40, 80, 60, 50, 55, 60, 55]


def test_a_server_that_carries_nothing_has_no_knee() -> None:
    found = knee(_search(_carries(0), Search(start=8)))
    assert (found.amount, found.limit, found.answer) == (None, 1, Answer.MISSED)


def test_a_server_that_carries_all_there_may_be_has_no_limit() -> None:
    found = knee(_search(_carries(1e9), Search(start=10, most=300)))
    assert (found.amount, found.limit, found.answer) == (300, None, Answer.KEPT)


def test_a_generator_that_gives_in_first_leaves_the_knee_unknown() -> None:
    found = knee(_search(lambda amount, _: Answer.KEPT if amount < 50 else Answer.UNKNOWN, Search(start=10)))
    assert found.answer is Answer.UNKNOWN
    assert found.why == ("so it was",)


def test_a_step_that_fails_when_it_is_repeated_is_no_knee() -> None:
    def moody(amount: float, before: int) -> Answer:
        return Answer.KEPT if amount < 40 or (amount == 40 and before < 4) else Answer.MISSED

    found = knee(_search(moody, Search(start=10, precision=1, repeats=2)))
    assert found.amount is not None
    assert found.amount < 40


def test_a_step_that_one_moment_made_unknown_is_no_limit() -> None:
    def disturbed(amount: float, before: int) -> Answer:
        return Answer.UNKNOWN if before == 1 else _carries(55)(amount, before)

    found = knee(_search(disturbed, Search(start=10)))
    assert (found.amount, found.limit) == (55, 60)


def test_where_two_steps_disagree_a_third_decides() -> None:
    def moody(amount: float, before: int) -> Answer:
        return Answer.MISSED if before == 3 else _carries(80)(amount, before)

    steps = _search(moody, Search(start=10, precision=1))
    assert [step.amount for step in steps][:6] == [10, 20, 40, 80, 80, 80]
    assert knee(steps).amount == 80


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("kkm", "kept"),
        ("km", "missed"),
        ("ku", "kept"),
        ("uu", "unknown"),
        ("kmu", "missed"),
        ("kkkmu", "kept"),
    ],
)
def test_most_of_the_steps_of_one_amount_decide(answers: str, told: str) -> None:
    kinds = {"k": Answer.KEPT, "m": Answer.MISSED, "u": Answer.UNKNOWN}
    steps = [Step(amount=5, seconds=1, answer=kinds[letter]) for letter in answers]
    assert decided(steps) == {5: told}
