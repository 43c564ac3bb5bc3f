"""The example that Hypothesis ends with, as its own tests of quality have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

T = TypeVar("T")


class _Found(Exception):
    pass


def smallest(strategy: st.SearchStrategy[T], fits: Callable[[T], object], *, examples: int = 3000) -> T:
    """The last, and so the smallest, that Hypothesis finds to fit; fails where it finds none."""
    found: list[T] = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def search(example: T) -> None:
        if fits(example):
            found.append(example)
            raise _Found

    with pytest.raises(_Found):
        search()
    return found[-1]
