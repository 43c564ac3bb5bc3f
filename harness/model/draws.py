"""Every random decision of a plan is drawn through here, by name, and ends up printed in the plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from harness.rng import Streams
from harness.units import nanoseconds

T = TypeVar("T")


class Draw:
    """Draws from the stream `name` of a run's streams; durations come in whole milliseconds."""

    def __init__(self, streams: Streams, name: str) -> None:
        self._streams, self._name = streams, name
        self._random = streams.named(name)

    def named(self, name: str) -> Draw:
        """A Draw with a stream of its own, which others cannot reshuffle."""
        return Draw(self._streams, f"{self._name}/{name}")

    def between(self, low: timedelta, high: timedelta) -> timedelta:
        """A duration in [low, high]."""
        first, last = nanoseconds(low) // 1_000_000, nanoseconds(high) // 1_000_000
        return timedelta(milliseconds=self._random.randint(first, last))

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return self._random.randint(low, high)

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return self._random.choice(options)

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self._random.random() < probability
