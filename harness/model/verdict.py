"""What a run was judged to be: valid, invalid or unknown, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """Three answers: a check that crashed, or that was never put to the test, says unknown."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What sort of promise an invariant keeps watch over."""

    SAFETY = "safety"  # something bad never happens; judged always
    LIVENESS = "liveness"  # something good happens in the end; judged after the faults healed
    EXERCISED = "exercised"  # this must have happened, or the run has shown nothing


EXIT_VALID, EXIT_SAFETY, EXIT_LIVENESS, EXIT_UNKNOWN, EXIT_USAGE, EXIT_INTERNAL = 0, 1, 2, 3, 64, 70


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """One way in which a promise was broken. `events` are ordinals of the History that show it."""

    invariant: str
    kind: Kind
    summary: str
    events: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement on one History. `crashed` names checks that failed themselves, with their error.

    `unjudged` names promises of which too little was witnessed to say that they were kept, with the reason.
    """

    counterexamples: tuple[Counterexample, ...] = ()
    crashed: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        if any(found.kind is not Kind.EXERCISED for found in self.counterexamples):
            return Answer.INVALID
        return Answer.UNKNOWN if self.crashed or self.unjudged or self.counterexamples else Answer.VALID

    @property
    def exit_code(self) -> int:
        """0 valid · 1 safety violated · 2 liveness missed · 3 not exercised or unknown."""
        kinds = {found.kind for found in self.counterexamples}
        if Kind.SAFETY in kinds:
            return EXIT_SAFETY
        if Kind.LIVENESS in kinds:
            return EXIT_LIVENESS
        return EXIT_UNKNOWN if kinds or self.crashed or self.unjudged else EXIT_VALID
