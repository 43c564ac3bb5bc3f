"""Every random decision of a plan is drawn through here, by name, and ends up printed in the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def several(self, low: int, high: int, make: Callable[[Draw], T], *, first: int = 0) -> list[T]:
        """As many as are drawn, in [low, high], each made by a Draw of its own, named by numbers from `first`."""
        return [make(self.named(str(first + n))) for n in range(self.integer(low, high))]

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return self._random.choice(options)

    def some(self, options: Sequence[T], probability: float) -> Sequence[T]:
        """Each of the options with that probability, at least one of them."""
        return [each for each in options if self.chance(probability)] or [self.choice(options)]

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self._random.random() < probability
