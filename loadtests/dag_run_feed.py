"""Jobs that exist because Dag runs were triggered: whoever runs this server's scheduler makes them."""

from __future__ import annotations

import gevent

from loadtests.calls import NoAnswer
from loadtests.feeds import NoWork, Work
from loadtests.rest import Rest

#: Seconds between two looks at what is left.
LOOK = 0.5


class DagRunFeed:
    """Triggers as many runs as the workers' slots need, twice over."""

    def __init__(self, rest: Rest, tasks: int) -> None:
        self._rest, self._tasks = rest, tasks
        self._wanted = self._stock = 0
        self.triggered = 0

    def expect(self, jobs: int) -> None:
        self._wanted += jobs

    def fetched(self) -> None:
        self._stock -= 1

    def take(self) -> Work:
        raise NoWork("Dag runs make jobs for workers: run SupervisorUser, or give TaskUser --workloads FILE")

    def run(self) -> None:
        while True:
            while self._stock < 2 * self._wanted:
                try:
                    made = self._rest.trigger()
                except NoAnswer:
                    break
                if not made:
                    break
                self.triggered += 1
                self._stock += self._tasks
            gevent.sleep(LOOK)
