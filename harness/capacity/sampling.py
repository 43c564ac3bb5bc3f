"""Watches the machine beside a step: CPU by role, and how long a bare call takes meanwhile."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from urllib.error import URLError

from harness.capacity.step import Usage
from harness.errors import MissingExtra

#: Seconds between two looks; seconds that a bare call may take.
LOOK, PATIENCE = 0.5, 10.0
#: The percentile of waits and connections: of a few dozen looks a higher one is the worst moment, and no state.
MOST = 0.9
#: Answered by the server's event loop itself, and by one of its threads; neither asks the database.
PING, THREAD = "/execution/health/ping", "/execution/health"


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
        self._waits: dict[str, list[tuple[float, float]]] = {PING: [], THREAD: []}
        self._connections: list[tuple[float, float]] = []
        self._over = threading.Event()

    def _look(self) -> None:
        busy = self._psutil.cpu_times()
        told = {"machine": busy.user + busy.nice + busy.system + busy.irq + busy.softirq}
        for role in self._roles:
            told[role] = self._used(role)
        now = time.monotonic()
        self._connections.append((now, self._busy_connections()))
        self._looks.append((now, told))

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

    def _busy_connections(self) -> int:
        """Backends of PostgreSQL with a client and a transaction: what they do stands in their titles."""
        titles = []
        for root in self._roles.get("database", ()):
            with suppress(self._psutil.Error):
                for each in self._psutil.Process(root).children():
                    with suppress(self._psutil.Error):
                        titles.append(" ".join(each.cmdline()).strip())
        return sum(title.startswith("postgres: ") and is_busy(title) for title in titles)

    def ping(self, path: str) -> None:
        """Ask for `path` until it is over."""
        while not self._over.is_set():
            begun = time.monotonic()
            with suppress(URLError, HTTPException, OSError):
                urllib.request.urlopen(self._url + path, timeout=PATIENCE).close()  # noqa: S310 - http or https
            self._waits[path].append((begun, time.monotonic() - begun))
            self._over.wait(LOOK)

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.is_set():
            self._look()
            self._over.wait(LOOK)
        self._look()

    def stop(self) -> None:
        """It is over."""
        self._over.set()

    def usage(self, since: float, until: float) -> Usage:
        """What was seen; cores between these two moments, in which the load was full."""
        if len(self._looks) < 2:
            return Usage()
        (_, first), (_, last) = self._looks[0], self._looks[-1]
        within = [each for each in self._looks if since <= each[0] <= until] or self._looks

        def most(told: list[tuple[float, float]]) -> float:
            return _percentile([value for at, value in told if since <= at <= until], MOST)

        (begun, before), (ended, after) = within[0], within[-1]
        seconds = max(ended - begun, LOOK)
        return Usage(
            cores={role: (after[role] - before[role]) / seconds for role in after},
            cpu_seconds={role: last[role] - first[role] for role in last},
            lag=most(self._waits[PING]),
            queue=most(self._waits[THREAD]),
            connections=int(most(self._connections)),
        )


def is_busy(title: str) -> bool:
    """Whether a backend of PostgreSQL has a client that does something, or may at any moment: by its process title."""
    return "(" in title and not title.endswith("idle")


def _percentile(values: Iterable[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


@contextmanager
def sampled(roles: Mapping[str, Iterable[int]], *, url: str) -> Iterator[Sampler]:
    """Look for as long as the block lasts."""
    sampler = Sampler(roles, url=url)
    jobs = (sampler.run, partial(sampler.ping, PING), partial(sampler.ping, THREAD))
    threads = [threading.Thread(target=job, name="sampler", daemon=True) for job in jobs]
    for each in threads:
        each.start()
    try:
        yield sampler
    finally:
        sampler.stop()
        for each in threads:
            each.join()
