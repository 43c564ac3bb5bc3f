"""Open loop: arrivals come by rate, whether the last ones were served or not, each with the moment it was meant for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from random import Random

import gevent
from gevent.lock import Semaphore

#: Seconds between two looks for users.
LOOK = 0.05


class Arrivals:
    """The arrivals of one process. `run` makes them; users take them with `next`, and `users` says how many there are.

    Those made and dropped are counted while `counts` says so: not before there are all the users that there will be.
    """

    def __init__(
        self, *, rate: float, poisson: bool, random: Random, counts: Callable[[], bool] = lambda: True
    ) -> None:
        self._rate, self._poisson, self._random, self._counts = rate, poisson, random, counts
        self._waiting: deque[float] = deque()
        self._some = Semaphore(0)  # an event would wake all who wait for each arrival
        self.users = self.made = self.dropped = 0
        self._due = time.perf_counter()

    def run(self) -> None:
        """Make arrivals, for ever. One that finds as many waiting as there are users is dropped, and counted."""
        while True:
            if not self.users:  # nobody could serve them
                gevent.sleep(LOOK)
                self._due = time.perf_counter()
                continue
            self._due += self._gap()
            if (wait := self._due - time.perf_counter()) > 0:
                gevent.sleep(wait)
            elif self.made % 100 == 0:
                gevent.sleep(0)  # late already: the others have to get their turn
            self._arrive()

    def _arrive(self) -> None:
        counts = self._counts()
        self.made += counts
        if len(self._waiting) >= self.users:
            self.dropped += counts
        else:
            self._waiting.append(self._due)
            self._some.release()

    def behind(self) -> float:
        """How late the making of arrivals is now, in seconds."""
        return max(0.0, time.perf_counter() - self._due)

    def _gap(self) -> float:
        return self._random.expovariate(self._rate) if self._poisson else 1 / self._rate

    def next(self) -> float:
        """Wait for an arrival; the moment, of time.perf_counter, for which it was meant."""
        self._some.acquire()
        return self._waiting.popleft()
