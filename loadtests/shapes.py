"""How a load goes: how many users at each moment, when they are cut off, when all their tokens run out. A row a shape."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape over a run. `users` takes a moment from 0 to 1 and answers the part of --users that there is then.

    `outage` is from when to when every user is cut off, `storm` when the token of every task is about to run out;
    parts of the run time too.
    """

    about: str
    users: Callable[[float], float]
    outage: tuple[float, float] | None = None
    storm: float | None = None


def _all(_: float) -> float:
    return 1.0


def _ramp(at: float) -> float:
    return at


def _step(at: float) -> float:
    return math.ceil(at * 5) / 5 if at else 0.2


def _spike(at: float) -> float:
    return 1.0 if 0.4 <= at < 0.6 else 0.1


def _soak(at: float) -> float:
    return min(1.0, at * 10)


SHAPES = {
    "ramp": Shape("from nobody to all, evenly", _ramp),
    "step": Shape("five levels", _step),
    "spike": Shape("a tenth, all for a fifth of the time, a tenth again", _spike),
    "soak": Shape("all, after a tenth of the time", _soak),
    "outage": Shape("all; cut off for a fifth of the time, from two fifths on", _soak, outage=(0.4, 0.6)),
    "herd": Shape(
        "all, as fast as --spawn-rate says; cut off for a tenth of the time, they reconnect at once",
        _all,
        outage=(0.4, 0.5),
    ),
    "token-storm": Shape("all; at half time the token of every task is about to run out", _soak, storm=0.5),
}


class Gate:
    """Where a process's users are in the shape: it counts the time from `open`."""

    def __init__(self, shape: Shape | None, run_time: float) -> None:
        self._shape, self._run_time = shape, run_time
        self._begun: float | None = None

    def open(self) -> None:
        """The load begins now."""
        self._begun = time.monotonic()

    @property
    def begun(self) -> float:
        """When the load began, by the machine's monotonic clock; 0 before."""
        return self._begun or 0.0

    @property
    def seconds(self) -> float:
        """Since the load began."""
        return 0.0 if self._begun is None else time.monotonic() - self._begun

    @property
    def outage(self) -> tuple[float, float] | None:
        """Seconds from the begin at which the users are cut off and come back."""
        if self._shape is None or self._shape.outage is None:
            return None
        begin, end = self._shape.outage
        return begin * self._run_time, end * self._run_time

    @property
    def closed(self) -> bool:
        """Whether the users are cut off now."""
        window = self.outage
        return window is not None and window[0] <= self.seconds < window[1]

    @property
    def before_outage(self) -> bool:
        """Whether the shape's outage is still to come."""
        window = self.outage
        return window is not None and self.seconds < window[0]

    @property
    def after_outage(self) -> float | None:
        """Seconds since the shape's outage was over; None where it was not, or there is none."""
        window = self.outage
        return self.seconds - window[1] if window and self.seconds >= window[1] else None

    @property
    def storm_begun(self) -> bool:
        """Whether the moment has come at which all tokens are about to run out."""
        storm = self._shape.storm if self._shape else None
        return storm is not None and self.seconds >= storm * self._run_time
