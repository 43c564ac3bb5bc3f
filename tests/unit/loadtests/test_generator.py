"""When the figures of a load generator cannot be trusted."""

from __future__ import annotations

import pytest

from loadtests.generator import Look, saturated

FINE = Look(seconds=0.5, cpu=0.3, lag=0.01, machine=0.5)
BUSY = Look(seconds=0.5, cpu=0.95, lag=0.01, machine=0.5)
LATE = Look(seconds=0.5, cpu=0.3, lag=0.4, machine=0.5)
DENIED = Look(seconds=0.5, cpu=0.5, denied=0.45, lag=0.01, machine=1.0)
STARVED = Look(seconds=5.0, cpu=1.0, lag=4.5, machine=1.0)


@pytest.mark.parametrize(
    ("looks", "why"),
    [
        ([FINE] * 20, ""),
        ([FINE] * 19 + [BUSY], ""),
        ([FINE] * 8 + [BUSY] * 2, "more than 90% of a core in 20% of the time"),
        ([FINE] * 8 + [LATE] * 2, "waited longer than 250 ms for it in 20% of the time"),
        ([STARVED], "more than 90% of a core in 100% of the time"),
        ([FINE, STARVED], "more than 90% of a core in 91% of the time"),
        ([BUSY] * 4, ""),
        ([DENIED] * 10, "more than 90% of a core in 100% of the time"),
    ],
)
def test_it_is_saturated_when_it_was_busy_or_late_for_a_tenth_of_its_time(
    looks: list[Look], why: str
) -> None:
    assert why in saturated(looks)
    assert bool(saturated(looks)) == bool(why)
