"""Watches the load generator itself: a figure that it could not have measured is no figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
import psutil

#: Seconds of one look, and how long a greenlet that is due may have to wait at most.
LOOK, LAG_MOST = 0.5, 0.25
#: Of one core; and the part of the time that may be worse than these bounds.
CPU_MOST, TIME_MOST = 0.9, 0.1
#: Seconds: less says nothing.
WATCHED_LEAST = 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """How long it took, cores used meanwhile and cores waited for, the longest that a greenlet waited (seconds), the part of
    all cores in use.
    """

    seconds: float
    cpu: float
    lag: float
    machine: float
    denied: float = 0.0


@dataclass
class Watch:
    """Looks at one process of the generator. `run` is to be spawned."""

    looks: list[Look] = field(default_factory=list)
    behind: Callable[[], float] = float  # seconds that the making of arrivals is late now
    _process: Any = field(default_factory=psutil.Process)
    _before: float = 0.0
    _begun: float = 0.0  # of the look that is not over
    _waited: float = 0.0

    def run(self) -> None:
        """Look, for ever."""
        self._before, self._waited = self._used(), _waited()
        self._process.cpu_percent()
        psutil.cpu_percent()
        while True:
            self._begun = time.perf_counter()
            lag = self._longest_lag()
            self.looks.append(self._look(lag))

    def _look(self, lag: float) -> Look:
        seconds, waited = time.perf_counter() - self._begun, _waited()
        denied, self._waited = (waited - self._waited) / seconds, waited
        return Look(
            seconds=seconds,
            denied=denied,
            cpu=self._process.cpu_percent() / 100,
            lag=max(lag, self.behind()),
            machine=psutil.cpu_percent() / 100,
        )

    def _seen(self) -> list[Look]:
        """The looks, and one that is not over though it should be: whoever is starved looks seldom."""
        late = time.perf_counter() - self._begun - LOOK if self._begun else 0.0
        return [*self.looks, self._look(late)] if late > LAG_MOST else self.looks

    def _longest_lag(self) -> float:
        longest, end = 0.0, time.perf_counter() + LOOK
        while (now := time.perf_counter()) < end:
            gevent.sleep(0.02)
            longest = max(longest, time.perf_counter() - now - 0.02)
        return longest

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process since the load began, in seconds."""
        return self._used() - self._before

    def _used(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def summary(self) -> dict[str, Any]:
        """As JSON: looks, cores and lag; `saturated` is why, or nothing."""
        looks = self._seen()
        return {
            "looks": len(looks),
            "cpu_cores_mean": _mean([each.cpu for each in looks]),
            "cpu_cores_max": max((each.cpu for each in looks), default=0.0),
            "machine_mean": _mean([each.machine for each in looks]),
            "lag_ms_max": 1000 * max((each.lag for each in looks), default=0.0),
            "saturated": saturated(looks),
        }


def saturated(looks: Sequence[Look]) -> str:
    """Why the figures of a process with these looks cannot be trusted; empty where they can."""
    watched = sum(each.seconds for each in looks)
    if watched < WATCHED_LEAST:
        return ""
    busy = sum(each.seconds for each in looks if each.cpu + each.denied > CPU_MOST) / watched
    late = sum(each.seconds for each in looks if each.lag > LAG_MOST) / watched
    if busy > TIME_MOST:
        return f"it needed more than {CPU_MOST:.0%} of a core in {busy:.0%} of the time"
    if late > TIME_MOST:
        return f"what was due waited longer than {LAG_MOST * 1000:.0f} ms for it in {late:.0%} of the time"
    return ""


def _waited() -> float:
    """Seconds that this process was ready to run, and others had the CPU; 0 where no kernel tells."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
