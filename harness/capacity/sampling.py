"""Watches the machine beside a step: CPU by role, and how long a bare call takes meanwhile."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.error import URLError

from harness.capacity.step import Usage
from harness.errors import MissingExtra

#: Seconds between two looks; seconds that a bare call may take.
LOOK, PATIENCE = 0.5, 10.0
#: The part of a step in which the load grows: cores are told of the rest.
GROWING = 1 / 3
PING = "/execution/health/ping"


class Sampler:
    """Looks at processes by role, their children too, until told to stop."""

    def __init__(self, roles: Mapping[str, Iterable[int]], *, url: str) -> None:
        try:
            import psutil
        except ModuleNotFoundError:
            raise MissingExtra("capacity needs psutil: install the extra `load`") from None
        self._psutil = psutil
        self._roles = {role: tuple(pids) for role, pids in roles.items()}
        self._url = url
        self._looks: list[tuple[float, dict[str, float]]] = []
        self._gone: dict[str, float] = {}
        self._last: dict[str, dict[int, float]] = {}
        self._lags: list[float] = []
        self._over = threading.Event()

    def _look(self) -> None:
        busy = self._psutil.cpu_times()
        told = {"machine": busy.user + busy.nice + busy.system + busy.irq + busy.softirq}
        for role in self._roles:
            told[role] = self._used(role)
        self._looks.append((time.monotonic(), told))

    def _used(self, role: str) -> float:
        """CPU seconds of all the processes that the role has had: those of one that has ended still count."""
        now = {pid: used for root in self._roles[role] for pid, used in self._tree(root)}
        for pid, used in self._last.get(role, {}).items():
            if pid not in now:
                self._gone[role] = self._gone.get(role, 0.0) + used
        self._last[role] = now
        return self._gone.get(role, 0.0) + sum(now.values())

    def _tree(self, root: int) -> Iterator[tuple[int, float]]:
        with suppress(self._psutil.Error):
            process = self._psutil.Process(root)
            for each in (process, *process.children(recursive=True)):
                with suppress(self._psutil.Error):
                    times = each.cpu_times()
                    yield each.pid, times.user + times.system

    def _ping(self) -> None:
        begun = time.monotonic()
        with suppress(URLError, OSError):
            urllib.request.urlopen(self._url + PING, timeout=PATIENCE).close()  # noqa: S310 - http or https
        self._lags.append(time.monotonic() - begun)

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.is_set():
            self._look()
            self._ping()
            self._over.wait(LOOK)
        self._look()

    def stop(self) -> None:
        """It is over."""
        self._over.set()

    def usage(self) -> Usage:
        """What was seen."""
        if len(self._looks) < 2:
            return Usage()
        (begun, first), (ended, last) = self._looks[0], self._looks[-1]
        since, full = next(
            (each for each in self._looks if each[0] >= begun + (ended - begun) * GROWING), self._looks[0]
        )
        seconds = max(ended - since, LOOK)
        return Usage(
            cores={role: (last[role] - full.get(role, 0.0)) / seconds for role in last},
            cpu_seconds={role: last[role] - first.get(role, 0.0) for role in last},
            lag=_percentile(self._lags, 0.99),
        )


def _percentile(values: Iterable[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


@contextmanager
def sampled(roles: Mapping[str, Iterable[int]], *, url: str) -> Iterator[Sampler]:
    """Look for as long as the block lasts."""
    sampler = Sampler(roles, url=url)
    thread = threading.Thread(target=sampler.run, name="sampler", daemon=True)
    thread.start()
    try:
        yield sampler
    finally:
        sampler.stop()
        thread.join()
