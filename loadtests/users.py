"""The users: a worker with its tasks, a worker alone, a task alone, arrivals in open loop, whoever triggers Dag runs."""

from __future__ import annotations

import time
from typing import Any

import gevent
from locust import FastHttpUser, task
from locust.exception import StopUser

from loadtests import payloads
from loadtests.calls import Line, NoAnswer
from loadtests.edge_worker import EdgeWorker
from loadtests.feeds import NoWork, Work
from loadtests.load import Load
from loadtests.rest import ENDED, NotLetIn, Rest
from loadtests.session import load_of, ready
from loadtests.task_life import TaskLife

#: Seconds between two looks of Airflow's page at a run: [api] auto_refresh_interval.
REFRESH = 3.0


class LoadUser(FastHttpUser):
    """What they share. Locust stops a user at once, or with --stop-timeout lets it finish: then it drains."""

    abstract = True

    @property
    def load(self) -> Load:
        return load_of(self.environment)

    def on_start(self) -> None:
        """End at once where there is nothing to be done."""
        if not ready(self.environment):
            raise StopUser

    def draining(self) -> bool:
        """Whether Locust waits for this user to finish."""
        return self._state == "stopping"


class _WorkerUser(LoadUser):
    abstract = True
    worker: EdgeWorker | None = None
    jobs = 0

    def run_job(self, worker: str, job: dict[str, Any]) -> bool:
        """What the worker does with a job."""
        raise NotImplementedError

    def met(self) -> bool:
        """Whether the next job is one of the first, which the load meets in the middle of their lives."""
        self.jobs += 1
        return self.jobs <= self.load.options.slots

    def on_start(self) -> None:
        super().on_start()
        self.load.feed.expect(self.load.options.slots)

    @task
    def live(self) -> None:
        """Be a worker until it ends; then another one takes its place."""
        self.worker = EdgeWorker(self.load, run_job=self.run_job, drains=self.draining)
        self.worker.run()
        gevent.sleep(self.load.pace.interval("edge.job_poll_interval"))

    def on_stop(self) -> None:
        if self.worker is not None:
            self.load.feed.expect(-self.load.options.slots)
            self.worker.stop()


class SupervisorUser(_WorkerUser):
    """One edge worker with its tasks: both APIs, as a deployment's workers use them."""

    def run_job(self, worker: str, job: dict[str, Any]) -> bool:
        """Live the task as its supervisor does, over a connection of its own."""
        return live_task(self.load, Work.of_workload(job["command"]), host=worker, met=self.met())


class EdgeWorkerUser(_WorkerUser):
    """One edge worker whose jobs last a while and call nobody: the Edge API alone."""

    def run_job(self, worker: str, job: dict[str, Any]) -> bool:
        """Wait as long as a body takes."""
        random, options = self.load.random(f"{worker}/{self.load.new_pid()}"), self.load.options
        body = payloads.body_seconds(random, median=options.task_seconds, met=self.met())
        gevent.sleep(body * options.time_scale)
        return True


class TaskUser(LoadUser):
    """One task after the other, without a worker: the Execution API alone."""

    def on_start(self) -> None:
        super().on_start()
        self.name = self.load.name()

    @task
    def live(self) -> None:
        """Live a task."""
        try:
            work = self.load.feed.take()
        except NoWork as error:
            self.load.no_work(str(error))
            gevent.sleep(self.load.pace.interval("edge.job_poll_interval"))
            return
        live_task(self.load, work, host=self.name)


class ArrivalUser(LoadUser):
    """Serves arrivals: those of --rate, in open loop. As many users as there may be calls, or tasks, at once."""

    life: TaskLife | None = None
    line: Line | None = None
    ready = False

    def on_start(self) -> None:
        super().on_start()
        if not self.load.options.rate:
            self.load.no_work("ArrivalUser needs --rate: the arrivals per second")
            raise StopUser
        self.name = self.load.name()
        self._ready(self.load.options.arrivals == "tasks")

    def _ready(self, ready: bool) -> None:
        """Arrivals may count on this user from now on, or not any more."""
        if ready != self.ready:
            self.load.arrivals.users += 1 if ready else -1
            self.ready = ready

    @task
    def serve(self) -> None:
        """Serve one arrival."""
        try:
            if self.load.options.arrivals == "tasks":
                intended = self.load.arrivals.next()
                live_task(self.load, self.load.feed.take(), host=self.name, intended=intended)
            else:
                self._beat()
        except NoWork as error:
            self.load.no_work(str(error))
            gevent.sleep(self.load.pace.interval("edge.job_poll_interval"))

    def _beat(self) -> None:
        if self.life is None:
            self._begin_task()
        elif reason := self.life.heartbeat(intended=self.load.arrivals.next()):
            self.life.killed(reason)
            self.life = None
            self._ready(False)

    def _begin_task(self) -> None:
        work = self.load.feed.take()
        self.line = self.line or _task_line(self.load, self.name)
        life = TaskLife(self.load, work, self.line, host=self.name, random=self.load.random(work.ti))
        if life.begin() is not None:
            self.life = life
            self._ready(True)

    def on_stop(self) -> None:
        self._ready(False)
        if self.line is not None:
            self.line.close()


class SchedulerUser(LoadUser):
    """Triggers a run of --dag through the public REST API, and looks at it until it has ended, as a page does."""

    api: Rest

    def on_start(self) -> None:
        super().on_start()
        self.api = Rest(self.load.line(), self.load.options.dag)
        try:
            self.api.open()
        except (NotLetIn, NoAnswer) as error:
            self.load.no_work(str(error))
            raise StopUser from None

    @task
    def follow(self) -> None:
        """Trigger one run and follow it."""
        begun = time.perf_counter()
        try:
            run = self.api.trigger()
        except NoAnswer:
            run = ""
        if run:
            self.load.counts["dag runs triggered"] += 1
        while run and (state := self.api.state(run)) not in ENDED:
            gevent.sleep(REFRESH * self.load.pace.scale)
        if run:
            self.load.counts[f"dag runs {state}"] += 1
            self.load.latencies.record("dag run, from trigger to end", time.perf_counter() - begun)
        gevent.sleep(REFRESH * self.load.pace.scale)


def live_task(load: Load, work: Work, *, host: str, intended: float | None = None, met: bool = False) -> bool:
    """Live one try from its begin to its end; whether its supervisor ends with 0."""
    line = _task_line(load, host)
    try:
        return TaskLife(load, work, line, host=host, random=load.random(work.ti), met=met).live(
            intended=intended
        )
    finally:
        line.close()


def _task_line(load: Load, host: str) -> Line:
    return Line(load, host=load.host(host), timeout=load.pace.option("workers.execution_api_timeout"))
