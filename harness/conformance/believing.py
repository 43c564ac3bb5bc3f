"""What of a recording can be believed: a step of which nothing can be made is left aside, and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fake_api import Settings, State
from harness.conformance import content_evidence as _content_evidence  # noqa: F401 - its rules are added by importing it
from harness.conformance.drafts import Draft
from harness.conformance.edge_evidence import read_edge
from harness.conformance.evidence import read
from harness.conformance.naming import name_tasks
from harness.conformance.prestate import Ids, seed
from harness.conformance.recordings import Step


def prestate(steps: Sequence[Step]) -> Draft:
    """What had been there before the first step, as far as the steps show it."""
    draft = read(steps)
    read_edge(draft, steps)
    name_tasks(draft, steps)
    return draft


def believe(steps: Sequence[Step]) -> tuple[Draft, Mapping[int, str]]:
    """What had been there, and why of some steps, by position, nothing could be made.

    Of several that cannot be true together, the last one is not believed.
    """
    heard, refused = list(steps), dict[int, str]()
    while (reason := _unbelievable(heard)) is not None:
        position = _first_bad(heard)
        reason = _unbelievable(heard[: position + 1]) or reason
        refused[position], heard[position] = reason, _silent(heard[position])
    return prestate(heard), refused


def _first_bad(steps: Sequence[Step]) -> int:
    """The position of a step before which all can be believed, and with which not."""
    good, bad = 0, len(steps)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _unbelievable(steps[:middle]) is None:
            good = middle
        else:
            bad = middle
    return bad - 1


def _unbelievable(steps: Sequence[Step]) -> str | None:
    """Why a fake cannot be made of what these steps show."""
    try:
        if steps:
            draft = prestate(steps)
            seed(State(settings=Settings(**draft.settings), now=lambda: draft.began, new_id=Ids()), draft)
    except Exception as error:  # noqa: BLE001 - whatever a file can hold: it is told of as a difference
        return told(error)
    return None


def _silent(step: Step) -> Step:
    return replace(step, path="", status=0, answer=None, query={})


def told(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
