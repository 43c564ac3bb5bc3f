"""The trials of the mutants as a table and as JSON, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from harness.model.codec import to_json
from harness.model.verdict import EXIT_SAFETY, EXIT_UNKNOWN, EXIT_VALID
from harness.search.mutants.trial import Fate, Trial


def as_text(trials: Sequence[Trial], *, seeds: int) -> Iterator[str]:
    """A row for each mutant, and below it what is to be said of one that was not killed; then the sum."""
    yield f"{'mutant':38} {'fate':12} {'seeds':>5} {'seconds':>8}  promise"
    for each in trials:
        yield f"{each.mutant:38} {each.fate:12} {each.seeds:5} {each.seconds:8.1f}  {each.promise}".rstrip()
        if each.fate is not Fate.KILLED:
            also = f"; it broke {', '.join(each.broken)}" if each.broken else ""
            yield f"    {each.summary or f'no promise that is there for it told within {seeds} seeds'}{also}"
    counts = Counter(each.fate for each in trials)
    told = ", ".join(f"{counts[fate]} {fate}" for fate in Fate if counts[fate])
    yield f"{len(trials)} mutants: {told}; {sum(each.seconds for each in trials):.0f} s of work, {seeds} seeds each at most"


def as_json(trials: Sequence[Trial], *, seeds: int) -> dict[str, Any]:
    """The same as one JSON object."""
    return {"seeds": seeds, "mutants": [to_json(each) for each in trials]}


def exit_code(trials: Sequence[Trial]) -> int:
    """0 if all were killed, 1 if one survived, 3 if nothing can be said of one: it crashed, or the correct system failed."""
    fates = {each.fate for each in trials}
    if fates & {Fate.CRASHED, Fate.FALSE_ALARM}:
        return EXIT_UNKNOWN
    return EXIT_SAFETY if Fate.SURVIVED in fates else EXIT_VALID
