"""The matrix of an exhaustive search: as text, as JSON, and compared with another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.model.codec import to_json
from harness.search.journal import Header, Record
from harness.search.kinds import KINDS, Span
from harness.search.outcome import Outcome, State

_SPANS = tuple(Span)
_MARKS = {State.VALID: "·", State.UNKNOWN: "?", State.NOT_EXERCISED: "-", State.ERROR: "!"}
LEGEND = (
    f"three marks a fault: {', '.join(_SPANS)}",
    "· valid   S safety broken   L liveness missed   ? unknown   - not exercised   ! an error of ours",
)


def mark(outcome: Outcome) -> str:
    """One letter for what a cell showed."""
    if outcome.state is State.INVALID:
        return "S" if outcome.exit_code == 1 else "L"
    return _MARKS[outcome.state]


def as_text(records: Sequence[Record]) -> Iterator[str]:
    """A row for each call, a column for each fault; pairs have no matrix."""
    cells = dict(_single(records))
    labels = list(dict.fromkeys(label for label, _, _ in cells))
    kinds = [kind for kind in KINDS if any(name == kind.name for _, name, _ in cells)]
    if not cells:
        return
    width = max(map(len, labels))
    yield " ".join([" " * width, *(kind.code.ljust(5) for kind in kinds)]).rstrip()
    for label in labels:
        row = [
            "".join(cells.get((label, kind.name, span), " ") for span in _SPANS).ljust(5) for kind in kinds
        ]
        yield " ".join([label.ljust(width), *row]).rstrip()
    yield from ("", *LEGEND)
    yield "; ".join(f"{kind.code} {kind.name}" for kind in kinds if kind.code not in kind.name)


def _single(records: Sequence[Record]) -> Iterator[tuple[tuple[str, str, str], str]]:
    for record in records:
        parts = record.key.split(" × ")
        if len(parts) == 3:
            yield (parts[0], parts[1], parts[2]), mark(record.outcome)


def as_json(header: Header, records: Sequence[Record]) -> dict[str, Any]:
    """The whole as one object: what was searched, and a cell each."""
    return {
        **{name: header[name] for name in ("scenario", "workers", "releases")},
        "cells": [{"cell": record.key, "kept": record.kept, **to_json(record.outcome)} for record in records],
    }


def compare(before: Sequence[Record], after: Sequence[Record]) -> Iterator[str]:
    """A line for each cell that shows something else in the second search, or is in one of them only."""
    old, new = ({record.key: record.outcome for record in records} for records in (before, after))
    for key in dict.fromkeys([*old, *new]):
        was, now = (_told(outcomes.get(key)) for outcomes in (old, new))
        if was != now:
            yield f"{key}: {was} → {now}"


def _told(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not there"
    return f"{outcome.state} ({', '.join(outcome.broken)})" if outcome.broken else str(outcome.state)
