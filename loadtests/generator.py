"""Watches the load generator itself: a figure that it could not have measured is no figure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent
import psutil

#: Seconds of one look, and how long a greenlet that is due may have to wait at most.
LOOK, LAG_MOST = 0.5, 0.25
#: Of one core; and the part of the looks that may be worse than these bounds.
CPU_MOST, LOOKS_MOST = 0.9, 0.1
#: Fewer looks say nothing.
LOOKS_LEAST = 6


@dataclass
class Watch:
    """Looks at one process of the generator. `run` is to be spawned."""

    cpu: list[float] = field(default_factory=list)  # cores, over each look
    lag: list[float] = field(default_factory=list)  # the longest wait of each look, in seconds
    machine: list[float] = field(default_factory=list)  # the part of all cores that anybody used
    behind: Callable[[], float] = float  # seconds that the making of arrivals is late now
    _process: Any = field(default_factory=psutil.Process)
    _before: float = 0.0

    def run(self) -> None:
        """Look, for ever."""
        self._before = self._used()
        self._process.cpu_percent()
        psutil.cpu_percent()
        while True:
            self.lag.append(max(self._longest_lag(), self.behind()))
            self.cpu.append(self._process.cpu_percent() / 100)
            self.machine.append(psutil.cpu_percent() / 100)

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
        return {
            "looks": len(self.lag),
            "cpu_cores_mean": _mean(self.cpu),
            "cpu_cores_max": max(self.cpu, default=0.0),
            "machine_mean": _mean(self.machine),
            "lag_ms_max": 1000 * max(self.lag, default=0.0),
            "saturated": self.saturated(),
        }

    def saturated(self) -> str:
        """Why the figures of this process cannot be trusted; empty where they can."""
        if len(self.lag) < LOOKS_LEAST:
            return ""
        busy, late = _share(self.cpu, CPU_MOST), _share(self.lag, LAG_MOST)
        if busy > LOOKS_MOST:
            return f"it used more than {CPU_MOST:.0%} of a core in {busy:.0%} of the time"
        if late > LOOKS_MOST:
            return (
                f"what was due waited longer than {LAG_MOST * 1000:.0f} ms for it in {late:.0%} of the time"
            )
        return ""


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _share(values: list[float], bound: float) -> float:
    return sum(value > bound for value in values) / len(values) if values else 0.0
