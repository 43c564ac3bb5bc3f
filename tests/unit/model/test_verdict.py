from __future__ import annotations

import pytest

from harness.model.verdict import Answer, Counterexample, Kind, Verdict


def broken(*kinds: Kind) -> tuple[Counterexample, ...]:
    return tuple(Counterexample(invariant="it", kind=kind, summary="broken") for kind in kinds)


@pytest.mark.parametrize(
    ("verdict", "answer", "code"),
    [
        (Verdict(), Answer.VALID, 0),
        (Verdict(counterexamples=broken(Kind.SAFETY)), Answer.INVALID, 1),
        (Verdict(counterexamples=broken(Kind.LIVENESS)), Answer.INVALID, 2),
        (Verdict(counterexamples=broken(Kind.LIVENESS, Kind.SAFETY)), Answer.INVALID, 1),
        (Verdict(counterexamples=broken(Kind.EXERCISED)), Answer.UNKNOWN, 3),
        (Verdict(counterexamples=broken(Kind.EXERCISED, Kind.LIVENESS)), Answer.INVALID, 2),
        (Verdict(crashed=("it: KeyError",)), Answer.UNKNOWN, 3),
        (Verdict(crashed=("it: KeyError",), counterexamples=broken(Kind.SAFETY)), Answer.INVALID, 1),
    ],
)
def test_answer_and_exit_code(verdict: Verdict, answer: Answer, code: int) -> None:
    assert (verdict.answer, verdict.exit_code) == (answer, code)
