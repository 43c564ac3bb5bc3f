"""The Edge API as the released EdgeWorker calls it: register, heartbeat, fetch, report, push logs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import gevent
from gevent.pool import Group

from loadtests.calls import Answer, Line, NoAnswer, Refused, persist
from loadtests.feeds import Work
from loadtests.load import Load
from loadtests.payloads import log_chunk
from loadtests.tokens import edge_token

AIRFLOW_VERSION, EDGE_VERSION = "3.3.2", "5.1.0"
#: Seconds: the total of aiohttp's default, which the released client has.
TIMEOUT = 300.0
AGAIN = frozenset((429, 500, 502, 503, 504))

RunJob = Callable[[str, dict[str, Any]], bool]
"""Takes the worker's name and a fetched job, and runs what that commands; whether its process ended with 0."""


class EdgeWorker:
    """One edge worker: `run` lives until `drains` says so and its jobs have ended, or until its client gives up."""

    def __init__(self, load: Load, *, run_job: RunJob, drains: Callable[[], bool]) -> None:
        self.name, self._load = load.name(), load
        self._random = load.random(self.name)
        self._run_job, self._drains = run_job, drains
        self._line = Line(load, host=load.host(self.name), timeout=TIMEOUT, keep=False)
        self._jobs, self._fetches = Group(), Group()
        self._told = ("", -1, 0.0)  # state and jobs of the last heartbeat, and when it was

    def run(self) -> None:
        """Register, then poll and heartbeat as the released loop does, until drained."""
        try:
            self._register()
            while not (self._drains() and not len(self._jobs)):
                self._turn()
                gevent.sleep(self._load.pace.interval("edge.job_poll_interval"))
            self.say_offline()
        except (NoAnswer, Refused) as end:
            self._load.worker_ended(self.name, str(end))
            self._jobs.kill(block=False)
        finally:
            self._fetches.kill(block=False)

    def _turn(self) -> None:
        state = self._state()
        since = time.monotonic() - self._told[2]
        if (state, len(self._jobs)) != self._told[:2] or since > self._load.pace.interval(
            "edge.heartbeat_interval"
        ):
            self._heartbeat(state)
        self._fetch_beside()

    @property
    def _free(self) -> int:
        return self._load.options.slots - len(self._jobs)

    def _state(self) -> str:
        return "terminating" if self._drains() else "running" if len(self._jobs) else "idle"

    def stop(self) -> None:
        """End at once, as a killed worker does: nothing more is sent. One that drains says that it is offline."""
        for each in (self._jobs, self._fetches):
            each.kill(block=False)
        self._line.close()

    # -- calls -----------------------------------------------------------------------------------------

    def _attempt(
        self, op: str, method: str, path: str, body: Any = None, fine: tuple[int, ...] = ()
    ) -> Answer:
        lifetime = int(self._load.pace.option("api_auth.jwt_leeway"))
        token = edge_token(path, secret=self._load.secret, lifetime=lifetime)
        return self._line.call(op, method, f"/edge_worker/v1/{path}", token=token, body=body, fine=fine)

    def _call(self, op: str, method: str, path: str, body: Any = None) -> Answer:
        answer = persist(
            lambda: self._attempt(op, method, path, body),
            retries=self._load.pace.edge_retries,
            random=self._random,
            also=AGAIN,
        )
        self._load.heard(self.name)
        return answer

    def _self(self, state: str) -> dict[str, Any]:
        sysinfo = {
            "status": 20,
            "airflow_version": AIRFLOW_VERSION,
            "edge_provider_version": EDGE_VERSION,
            "concurrency": self._load.options.slots,
            "free_concurrency": self._free,
        }
        return {
            "state": state,
            "jobs_active": len(self._jobs),
            "queues": [self._load.queue],
            "sysinfo": sysinfo,
        }

    def _register(self) -> None:
        self._call("worker.register", "POST", f"worker/{self.name}", self._self("starting"))

    def _heartbeat(self, state: str) -> None:
        jobs = len(self._jobs)
        self._call("worker.set_state", "PATCH", f"worker/{self.name}", self._self(state))
        self._told = (state, jobs, time.monotonic())

    def _fetch_beside(self) -> None:
        """Fetch, whether the last fetch was answered or not: the released loop does not wait for it, nor look at its end."""
        if not self._drains() and self._free > 0:
            self._fetches.spawn(self._fetch)

    def _fetch(self) -> None:
        body = {
            "queues": [self._load.queue],
            "free_concurrency": self._free,
            "supports_task_instance_uuid": True,
        }
        try:
            job = _job(self._call("jobs.fetch", "POST", f"jobs/fetch/{self.name}", body))
        except (NoAnswer, Refused) as end:
            self._load.fetch_given_up(self.name, str(end))
            return
        self._load.promises.handed_out(job)
        self._load.fetched(job)
        if job:
            self._jobs.spawn(self._do, job)

    def say_offline(self) -> None:
        """Tell the server that this worker ends; it finds out by itself if that does not come through."""
        with suppress(NoAnswer):
            self._attempt(
                "worker.set_state", "PATCH", f"worker/{self.name}", self._self("offline"), fine=(404,)
            )
        self._line.close()

    # -- a job -----------------------------------------------------------------------------------------

    def _do(self, job: dict[str, Any]) -> None:
        key = _key(job)
        try:
            self._call("jobs.state", "PATCH", f"jobs/state/{key}/running")
            self._fetch_beside()
            self._push_log(key, "the task begins\n")
            ended_well = self._run_job(self.name, job)
            self._push_log(key, log_chunk(self._random))
            self._call("jobs.state", "PATCH", f"jobs/state/{key}/{'success' if ended_well else 'failed'}")
        except (NoAnswer, Refused) as end:
            self._load.job_forgotten(key, str(end))
        finally:
            self._load.promises.given_back(job)

    def _push_log(self, key: str, text: str) -> None:
        chunk = {"log_chunk_time": datetime.now(UTC).isoformat(), "log_chunk_data": text}
        self._call("logs.push", "POST", f"logs/push/{key}", chunk)


def _job(answer: Answer) -> dict[str, Any] | None:
    """The job that a fetch was answered with, if any. Raises NoAnswer for what is none."""
    job: Any = answer.json()
    try:
        if job is not None:
            Work.of_workload(job["command"])
            _key(job)
    except (KeyError, TypeError) as wrong:
        raise NoAnswer(f"what was fetched is no job: {type(wrong).__name__} {wrong}") from None
    return job  # type: ignore[no-any-return]


def _key(job: dict[str, Any]) -> str:
    return "/".join(str(job[name]) for name in ("dag_id", "task_id", "run_id", "try_number", "map_index"))
