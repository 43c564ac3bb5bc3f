"""What became of each bug on its releases, beside what the table says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.bugs.table import AFFECTED, Bug
from harness.model.verdict import EXIT_SAFETY, EXIT_UNKNOWN, EXIT_VALID, Answer, Verdict

_HEADINGS = ("bug", "component", "has it", "which is", "has it not", "which is", "found by")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One bug on one release, `affected` or `without`. Without a verdict it was not run, and one of two texts says why."""

    role: str
    release: str
    verdict: Verdict | None = None
    seconds: float = 0.0
    not_installed: str | None = None
    not_started: str | None = None

    @property
    def broken(self) -> tuple[str, ...]:
        """The promises that were broken, each once."""
        found = self.verdict.counterexamples if self.verdict else ()
        return tuple(dict.fromkeys(each.invariant for each in found))

    @property
    def answer(self) -> str:
        """In one word."""
        if self.verdict is None:
            return "not installed" if self.not_installed else "not started"
        return str(self.verdict.answer)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One bug with its results; none where it cannot be shown here."""

    bug: Bug
    results: tuple[Result, ...] = ()

    @property
    def differences(self) -> tuple[str, ...]:
        """What is not as the table says, in sentences."""
        return tuple(_differences(self))


def _differences(shown: Shown) -> Iterator[str]:
    for result in shown.results:
        if result.not_started:
            yield f"{shown.bug.id} on {result.release} did not come up: {result.not_started}"
        elif result.verdict is None:
            continue
        elif result.role == AFFECTED:
            missed = [name for name in shown.bug.found_by if name not in result.broken]
            if missed:
                yield f"{shown.bug.id} was not found on {result.release}: {', '.join(missed)} held"
        elif result.verdict.answer is not Answer.VALID:
            yield f"{shown.bug.id} on {result.release} is {result.answer}: {_first(result.verdict)}"


def _first(verdict: Verdict) -> str:
    found = verdict.counterexamples
    if found:
        return f"{found[0].invariant}: {found[0].summary}"
    return "; ".join((*verdict.crashed, *verdict.unjudged))


def exit_code(shown: Sequence[Shown]) -> int:
    """0 as the table says, 1 where something differs, 3 where a release could not be installed."""
    if any(each.differences for each in shown):
        return EXIT_SAFETY
    missing = any(result.not_installed for each in shown for result in each.results)
    return EXIT_UNKNOWN if missing else EXIT_VALID


def as_table(shown: Sequence[Shown]) -> list[str]:
    """A line for each bug; below, what differs and what cannot be shown."""
    grid = [_HEADINGS, *(_line(each) for each in shown if each.results)]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in grid]
    return [line.rstrip() for line in lines] + [""] + list(_notes(shown))


def _line(shown: Shown) -> tuple[str, ...]:
    sides = [(result.release, result.answer) for result in shown.results]
    sides += [("none yet", "")] * (2 - len(sides))
    bug = shown.bug
    return (bug.id, bug.component, *sides[0], *sides[1], ", ".join(bug.found_by))


def _notes(shown: Sequence[Shown]) -> Iterator[str]:
    for each in shown:
        yield from each.differences
        for result in each.results:
            if result.not_installed:
                yield f"{each.bug.id} was not run on {result.release}: {result.not_installed}"
        if each.bug.why_not:
            yield f"{each.bug.id} cannot be shown: {each.bug.why_not}"
    if not any(each.differences for each in shown):
        yield "all that was run is as the table says"


def as_json(shown: Sequence[Shown]) -> dict[str, Any]:
    """The whole table as one JSON object."""
    return {"exit_code": exit_code(shown), "bugs": [_bug_as_json(each) for each in shown]}


def _bug_as_json(shown: Shown) -> dict[str, Any]:
    bug = shown.bug
    return {
        "id": bug.id,
        "component": bug.component,
        "symptom": bug.symptom,
        "upstream": list(bug.upstream),
        "plan": bug.plan or None,
        "server": bug.server,
        "found_by": list(bug.found_by),
        "not_shown": bug.why_not or None,
        "results": [_result_as_json(result) for result in shown.results],
        "differences": list(shown.differences),
    }


def _result_as_json(result: Result) -> dict[str, Any]:
    verdict = result.verdict
    found = verdict.counterexamples if verdict else ()
    return {
        "role": result.role,
        "release": result.release,
        "answer": result.answer,
        "exit_code": verdict.exit_code if verdict else None,
        "counterexamples": [{"invariant": each.invariant, "summary": each.summary} for each in found],
        "problem": result.not_installed or result.not_started,
        "seconds": round(result.seconds, 1),
    }
