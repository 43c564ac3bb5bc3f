from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan, Submission


@pytest.fixture
def broken(past: Callable[[str], History], planned: Callable[..., Plan]) -> Callable[..., list[str]]:
    """`broken(invariant, history, *tasks, **plan)`: the summaries of what breaks that invariant."""

    def summaries(invariant: str, text: str, *tasks: Submission, **plan: Any) -> list[str]:
        verdict = judge(past(text), planned(*tasks, invariants=(invariant,), **plan))
        assert verdict.crashed == ()
        return [found.summary for found in verdict.counterexamples]

    return summaries
