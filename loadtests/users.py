"""The users that need a server's Execution API: a worker with its tasks, a worker alone, a task alone."""

from __future__ import annotations

from typing import Any

import gevent
from locust import FastHttpUser, task

from loadtests import payloads
from loadtests.calls import Line
from loadtests.edge_worker import EdgeWorker
from loadtests.feeds import NoWork, Work
from loadtests.load import Load
from loadtests.session import load_of
from loadtests.task_life import TaskLife


class LoadUser(FastHttpUser):
    """What they share. Locust stops a user at once, or with --stop-timeout lets it finish: then it drains."""

    abstract = True

    @property
    def load(self) -> Load:
        return load_of(self.environment)

    def draining(self) -> bool:
        """Whether Locust waits for this user to finish."""
        return self._state == "stopping"


class _WorkerUser(LoadUser):
    abstract = True
    worker: EdgeWorker | None = None

    def run_job(self, worker: str, job: dict[str, Any]) -> bool:
        """What the worker does with a job."""
        raise NotImplementedError

    def on_start(self) -> None:
        self.load.feed.expect(self.load.options.slots)

    @task
    def live(self) -> None:
        """Be a worker until it ends; then another one takes its place."""
        self.worker = EdgeWorker(self.load, run_job=self.run_job, drains=self.draining)
        self.worker.run()
        gevent.sleep(self.load.pace.interval("edge.job_poll_interval"))

    def on_stop(self) -> None:
        self.load.feed.expect(-self.load.options.slots)
        if self.worker is not None:
            self.worker.stop()


class SupervisorUser(_WorkerUser):
    """One edge worker with its tasks: both APIs, as a deployment's workers use them."""

    def run_job(self, worker: str, job: dict[str, Any]) -> bool:
        """Live the task as its supervisor does, over a connection of its own."""
        return live_task(self.load, Work.of_workload(job["command"]), host=worker)


class EdgeWorkerUser(_WorkerUser):
    """One edge worker whose jobs last a while and call nobody: the Edge API alone."""

    def run_job(self, worker: str, job: dict[str, Any]) -> bool:
        """Wait as long as a body takes."""
        random, options = self.load.random(f"{worker}/{self.load.new_pid()}"), self.load.options
        gevent.sleep(payloads.body_seconds(random, median=options.task_seconds) * options.time_scale)
        return True


class TaskUser(LoadUser):
    """One task after the other, without a worker: the Execution API alone."""

    @task
    def live(self) -> None:
        """Live a task."""
        try:
            work = self.load.feed.take()
        except NoWork as error:
            self.load.no_work(str(error))
            gevent.sleep(self.load.pace.interval("edge.job_poll_interval"))
            return
        live_task(self.load, work, host=f"load-task-{id(self)}")


def live_task(load: Load, work: Work, *, host: str) -> bool:
    """Live one try from its begin to its end; whether its supervisor ends with 0."""
    line = Line(load, host=load.host(host), timeout=load.pace.option("workers.execution_api_timeout"))
    try:
        return TaskLife(load, work, line, host=host, random=load.random(work.ti)).live()
    finally:
        line.close()
