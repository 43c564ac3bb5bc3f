"""What `harness conform` says: one line a file or a suite, and each difference readably."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from harness.conformance.comparing import ABSENT, Difference
from harness.conformance.replaying import Replay

#: Characters of a value that are shown.
WIDTH = 300


def replays(done: Sequence[Replay]) -> Iterator[str]:
    """One line a file, its differences below it."""
    longest = max((len(each.path.name) for each in done), default=0)
    for each in done:
        count = len(each.differences)
        told = f"{count} {'difference' if count == 1 else 'differences'}" if count else "no difference"
        yield f"{each.path.name:<{longest}}  {each.steps:>4} steps compared, {told}"
        yield from differences(each.differences)


def differences(found: Sequence[Difference]) -> Iterator[str]:
    """Each call that was answered otherwise, and below it what differs."""
    for (case, where), group in groupby(found, key=lambda each: (each.case, each.where)):
        yield f"  ✗ {case}: {where}"
        for each in group:
            yield f"      {each.path}: expected {_short(each.expected)}"
            yield f"      {' ' * len(each.path)}  was      {_short(each.actual)}"


def suite(
    *, cases: int, calls: int, found: Sequence[Difference], left_out: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The differences, then the counts, then what was not exercised and why."""
    yield from differences(found)
    cases_differ = len({each.case for each in found})
    yield f"{cases} cases, {calls} calls compared; {len(found)} differences in {cases_differ} cases"
    for why, names in left_out.items():
        yield f"not exercised, {why}: {len(names)} cases"
        yield f"  {'; '.join(names)}"


def _short(value: Any) -> str:
    text = value if value == ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}… ({len(text)} characters)"
