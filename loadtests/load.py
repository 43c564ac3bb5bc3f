"""One process's load: what all of its users share, and what they tell."""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from loadtests.arrivals import Arrivals
from loadtests.calls import Answer, Line
from loadtests.generator import Watch
from loadtests.latency import Latencies
from loadtests.options import Options
from loadtests.pace import Pace
from loadtests.promises import Promises, drawn
from loadtests.shapes import SHAPES, Gate
from loadtests.tokens import task_token
from loadtests.witness import Witness

if TYPE_CHECKING:
    from loadtests.feeds import Feed
    from loadtests.task_life import TaskLife

SECRET = "AIRFLOW__API_AUTH__JWT_SECRET"  # noqa: S105 - the variable's name
#: What `harness serve` signs with when nobody says otherwise.
DEV_ONLY_SECRET = "dev-only-secret-" * 5
#: Seconds that a token has left in a token storm: within the last fifth of any lifetime.
STORM_LEFT = 25
#: So many fetches without a job are told at once, not only in the end.
IN_VAIN = 5

_log = logging.getLogger("loadtests")


class Load:
    """The load of one process. Its `feed` is set when the load begins, by whoever knows the server."""

    feed: Feed
    arrivals: Arrivals

    def __init__(
        self, environment: Any, options: Options, *, hosts: tuple[str, ...], run_time: float
    ) -> None:
        self.environment, self.options, self.hosts = environment, options, hosts
        self.pace = Pace(options.time_scale, os.environ)
        self.secret = os.environ.get(SECRET) or DEV_ONLY_SECRET
        self.gate = Gate(SHAPES.get(options.shape), run_time)
        patience = self.pace.option("scheduler.task_instance_heartbeat_timeout")
        self.promises = Promises(self._broken, patience=patience)
        self.latencies, self.watch = Latencies(), Watch()
        self.witness = Witness(self._history, seed=options.seed)
        self.queue = options.queue or "default"
        self.counts: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.full: Counter[str] = Counter()  # calls since the warm-up
        self.reasons: dict[str, str] = {}
        self.there: set[str] = set()  # workers before the outage of the shape,
        self.back: dict[str, float] = {}  # those of them that came back, with the seconds it took,
        self.lost: set[str] = set()  # and those that ended
        self.calls = self.cut_off = self.tokens_refreshed = 0
        self._names, self._pids = itertools.count(1), itertools.count(2)
        self._stormed: set[str] = set()

    @property
    def _history(self) -> Path | None:
        name = self.options.history
        return Path(name.replace("{pid}", str(os.getpid()))) if name else None

    # -- what users ask for ----------------------------------------------------------------------------

    def host(self, user: str) -> str:
        """The server of that user, by the number in its name: where there are several, they take turns."""
        return self.hosts[self._way(user)]

    def place(self, user: str) -> str:
        """Where a History says that user is: behind the relay `worker-1`, `worker-2`, … of its host."""
        return f"worker-{self._way(user) + 1}"

    def _way(self, user: str) -> int:
        return int(user.rpartition("-")[2]) % len(self.hosts)

    def line(self) -> Line:
        """A connection to the first server, with the patience of a browser."""
        return Line(self, host=self.hosts[0], timeout=60.0)

    def arrive(self, rate: float) -> None:
        """From now on there are arrivals, so many a second."""
        self.arrivals = Arrivals(
            rate=rate,
            poisson=self.options.poisson,
            random=self.random("arrivals"),
            counts=lambda: self.gate.seconds >= self.options.warm_up,
        )
        self.watch.behind = self.arrivals.behind

    def name(self) -> str:
        """A name for a new worker or user, unique among all processes and runs; it ends in a number."""
        return f"load-{os.getpid()}-{time.time_ns() // 1_000_000 % 100_000_000}-{next(self._names)}"

    def new_pid(self) -> int:
        """An id for a process of a worker."""
        return next(self._pids)

    def random(self, name: str) -> Random:
        """A stream of its own."""
        return Random(f"{self.options.seed}/{name}")

    def sampled(self, random: Random) -> bool:
        """Whether to spend calls on a promise now."""
        return drawn(random, self.options.sample)

    def renew(self, task: TaskLife) -> None:
        """In a token storm, once: the token of that task has almost run out."""
        if self.gate.storm_begun and task.ti not in self._stormed:
            self._stormed.add(task.ti)
            lifetime = int(self.pace.option("execution_api.jwt_expiration_time"))
            task.token = task_token(task.ti, secret=self.secret, lifetime=lifetime, left=STORM_LEFT)

    # -- what users tell -------------------------------------------------------------------------------

    def note(
        self,
        op: str,
        method: str,
        began: float,
        ended: float,
        answer: Answer | None,
        error: Exception | None,
        *,
        intended: float | None,
        every: float,
    ) -> None:
        """A call has ended: Locust, the histograms and the History hear of it."""
        self.calls += 1
        self.counts[op] += 1
        if error is not None:
            self.failures[op] += 1
        self.latencies.know(op)
        since = began if intended is None else min(intended, began)
        if self.gate.seconds - (ended - since) >= self.options.warm_up:
            self.full[op] += 1
            self.latencies.record(op, ended - since, every=every)
        self.witness.call(op, "load", began, ended, answer.status if answer else None, str(error or ""))
        self.environment.events.request.fire(
            request_type=method,
            name=op,
            response_time=(ended - since) * 1000,
            response_length=len(answer.body) if answer else 0,
            exception=error,
            context={},
        )

    def _broken(self, promise: str) -> None:
        self.environment.events.request.fire(
            request_type="PROMISE",
            name=promise,
            response_time=0,
            response_length=0,
            exception=AssertionError("broken"),
            context={},
        )

    def fetched(self, job: dict[str, Any] | None) -> None:
        """A fetch was answered, with a job or with none."""
        self.counts["jobs fetched" if job else "fetches without a job"] += 1
        if job:
            self.feed.fetched()
        elif not self.counts["jobs fetched"] and self.counts["fetches without a job"] == IN_VAIN:
            _log.warning(
                "the first %d fetches found no job on queue %r; see --feed and --queue", IN_VAIN, self.queue
            )

    def task_ended(self, how: str, why: str = "") -> None:
        """A task has ended, or was ended, and why."""
        self._tell(f"tasks {how}", why)

    def no_work(self, why: str) -> None:
        """A user found no task."""
        if not self.counts["users without a task"]:
            _log.warning("%s", why)
        self._tell("users without a task", why)

    def worker_ended(self, name: str, why: str) -> None:
        """A worker's client gave up: the released worker ends then."""
        self._tell("workers ended", f"{name}: {why}")
        if self.gate.before_outage:
            self.there.discard(name)
        elif name in self.there:
            self.lost.add(name)
            self.back.pop(name, None)

    def fetch_given_up(self, name: str, why: str) -> None:
        """A fetch failed for good: the released worker goes on."""
        self._tell("fetches given up", f"{name}: {why}")

    def job_forgotten(self, key: str, why: str) -> None:
        """A worker could not report on a job, and is rid of it."""
        self._tell("jobs forgotten", f"{key}: {why}")

    def _tell(self, what: str, why: str) -> None:
        self.counts[what] += 1
        if why:
            self.reasons.setdefault(what, why)

    def heard(self, worker: str) -> None:
        """A call of a worker was answered: before an outage it is there, after one it is back."""
        if self.gate.before_outage:
            self.there.add(worker)
        elif (seconds := self.gate.after_outage) is not None and self._comes_back(worker):
            self.back[worker] = seconds

    def _comes_back(self, worker: str) -> bool:
        return worker in self.there and worker not in self.back and worker not in self.lost
