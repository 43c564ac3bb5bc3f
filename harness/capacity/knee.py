"""The search for the knee: the most load that keeps the service levels. Pure functions of the steps so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.capacity.step import Answer, Step


@dataclass(frozen=True, kw_only=True)
class Search:
    """From `start`, twice as much each time, until one is not kept; then between the two, down to `precision`.

    The knee and the step above it are measured `repeats` times, once more where they disagree: most of them decide. No step is above `most`.
    """

    start: float = 10.0
    most: float = 100_000.0
    precision: float = 0.15
    repeats: int = 2
    whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Knee:
    """`amount` is the most that was kept, None if nothing was. `limit` is the least that was not, None if all was.

    `why` says what ended the search: the limit was missed, or unknown, or never met.
    """

    amount: float | None
    limit: float | None
    answer: Answer
    why: tuple[str, ...] = ()


def decided(steps: Iterable[Step]) -> dict[float, Answer]:
    """What most of the steps of each amount said, by amount; of as many, that it was missed.

    A step that is unknown says nothing where another one of its amount says something.
    """
    told: defaultdict[float, list[Answer]] = defaultdict(list)
    for step in steps:
        told[step.amount].append(step.answer)
    return {amount: _most(answers) for amount, answers in sorted(told.items())}


def _most(answers: Sequence[Answer]) -> Answer:
    kept, missed = answers.count(Answer.KEPT), answers.count(Answer.MISSED)
    if not kept and not missed:
        return Answer.UNKNOWN
    return Answer.KEPT if kept > missed else Answer.MISSED


def _bounds(steps: Iterable[Step]) -> tuple[float | None, float | None]:
    """The most that was kept below the least that was not, and that."""
    answers = decided(steps)
    limit = min((amount for amount, answer in answers.items() if answer is not Answer.KEPT), default=None)
    kept = [
        amount
        for amount, answer in answers.items()
        if answer is Answer.KEPT and (limit is None or amount < limit)
    ]
    return max(kept, default=None), limit


def next_amount(steps: Sequence[Step], search: Search) -> float | None:
    """How much the next step should put on the server; None when the knee is found."""
    kept, limit = _bounds(steps)
    if limit is None:
        return _within(search.start if kept is None else kept * 2, kept, search)
    if decided(steps)[limit] is Answer.UNKNOWN and _times(steps, limit) < 2:
        return limit  # the machine may have been busy with something else for a while
    if kept is None:
        return _below(limit, search)
    between = _rounded((kept + limit) / 2, search)
    if limit > kept * (1 + search.precision) and kept < between < limit:
        return between
    return next((each for each in (limit, kept) if _again(steps, each, search)), None)


def _within(amount: float, kept: float | None, search: Search) -> float | None:
    """That amount, or the most there may be, once."""
    amount = min(_rounded(amount, search), search.most)
    return amount if kept is None or amount > kept else None


def _below(limit: float, search: Search) -> float | None:
    """Nothing was kept yet: less, as long as that means anything."""
    amount = _rounded(limit / 2, search)
    return amount if 0 < amount < limit else None


def _rounded(amount: float, search: Search) -> float:
    return float(int(amount)) if search.whole else round(amount, 2)


def _times(steps: Iterable[Step], amount: float) -> int:
    return sum(step.amount == amount for step in steps)


def _again(steps: Iterable[Step], amount: float, search: Search) -> bool:
    """Whether to measure that amount once more: as often as was asked, and once more where as many say yes as no."""
    told = [step.answer for step in steps if step.amount == amount]
    tied = search.repeats > 1 and told.count(Answer.KEPT) == told.count(Answer.MISSED) > 0
    return len(told) < search.repeats + tied


def knee(steps: Sequence[Step]) -> Knee:
    """What the steps say. The answer is that of the limit: `unknown` if the generator gave in before the server did."""
    kept, limit = _bounds(steps)
    if limit is None:
        return Knee(amount=kept, limit=None, answer=Answer.KEPT if steps else Answer.UNKNOWN)
    answer = decided(steps)[limit]
    at_limit = [step for step in steps if step.amount == limit and step.answer is not Answer.KEPT]
    return Knee(amount=kept, limit=limit, answer=answer, why=at_limit[0].why if at_limit else ())
