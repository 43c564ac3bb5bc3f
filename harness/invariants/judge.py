"""The judge: runs the plan's invariants over a History."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Invariant, Unwitnessed, named, unseen
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.verdict import Counterexample, Kind, Verdict

MOST = 1_000
"""So many counterexamples of one invariant are kept; the last one says how many more there were."""


def judge(history: History, plan: Plan) -> Verdict:
    """What the invariants that the plan names make of the history.

    Where nobody saw how it ended, nothing is said of what should have happened in the end, and what nobody saw broken
    is not said to have been kept.
    A check that crashes is named in `Verdict.crashed`, one that lacks a witness in `Verdict.unjudged`: the answer is
    then unknown at best, never valid.
    Raises BadPlan, naming the nearest, when the plan names an invariant that does not exist.
    """
    chosen = named(plan)
    counterexamples: list[Counterexample] = []
    crashed: list[str] = []
    unjudged: list[str] = []
    blind = unseen(history)
    for invariant in chosen:
        if blind and invariant.kind is Kind.LIVENESS:
            unjudged.append(f"{invariant.name}: {blind}")
            continue
        before = len(counterexamples)
        try:
            # one by one, so that what was found before a crash is kept
            for counterexample in _counterexamples(invariant, history, plan):
                counterexamples.append(counterexample)  # noqa: PERF402
            if blind and invariant.kind is Kind.SAFETY and len(counterexamples) == before:
                raise Unwitnessed(blind)
        except Unwitnessed as reason:
            unjudged.append(f"{invariant.name}: {reason}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is unknown
            crashed.append(f"{invariant.name}: {type(error).__name__}: {error}")
    return Verdict(
        counterexamples=tuple(counterexamples),
        crashed=tuple(crashed),
        unjudged=tuple(unjudged),
        checked=tuple(invariant.name for invariant in chosen),
    )


def _counterexamples(invariant: Invariant, history: History, plan: Plan) -> Iterator[Counterexample]:
    more = 0
    for n, finding in enumerate(invariant.check(history, plan)):
        if n < MOST:
            yield _counterexample(invariant, finding.summary, finding.events)
        else:
            more += 1
    if more:
        yield _counterexample(invariant, f"and {more} more of the kind")


def _counterexample(invariant: Invariant, summary: str, events: tuple[int, ...] = ()) -> Counterexample:
    return Counterexample(invariant=invariant.name, kind=invariant.kind, summary=summary, events=events)
