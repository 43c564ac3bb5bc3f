"""A state with a clock that is moved by hand, ids that count, and a memory of all changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from fake_api import Change, Rules, Scheduler, Settings, State, TaskSpec
from fake_api.names import EdgeWorkerState, TaskInstanceState
from fake_api.outcome import Reply
from fake_api.rows import EdgeJob, JobKey, TaskInstance

START = datetime(2026, 1, 1, tzinfo=UTC)
SYSINFO = {"airflow_version": "3.3.2", "edge_provider_version": "5.1.0", "concurrency": 8}


@dataclass
class World:
    """The server side, called directly: no HTTP, no tokens."""

    settings: Settings = field(default_factory=Settings)
    rules: Rules = field(default_factory=Rules)
    at: datetime = START
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids: Iterator[int] = count(1)
        self.state = State(
            settings=self.settings,
            now=lambda: self.at,
            new_id=lambda: UUID(int=next(self._ids)),
            rules=self.rules,
        )
        self.state.subscribe(self.changes.append)
        self.scheduler = Scheduler(self.state)

    def submit(self, **spec: Any) -> UUID:
        return self.state.submit(TaskSpec(**{"dag_id": "dag", "task_id": "task", "run_id": "run"} | spec))

    def after(self, seconds: float) -> None:
        """Move the clock."""
        self.at += timedelta(seconds=seconds)

    def sweep(self) -> None:
        """One round of everything the scheduler does."""
        self.scheduler.heartbeat_timeouts()
        self.scheduler.stuck_in_queued()
        self.scheduler.wait_timeouts()
        self.scheduler.orphaned_tasks()
        self.scheduler.loop_once()

    def ti(self, task_id: str = "task") -> TaskInstance:
        """The live task instance with this name."""
        (found,) = [each for each in self.state.task_instances if each.task.task_id == task_id]
        return found

    def job(self, try_number: int = 1) -> EdgeJob | None:
        return self.state.edge_jobs.get(JobKey("dag", "task", "run", -1, try_number))

    def run(self, ti_id: UUID, *, hostname: str = "w1", pid: int = 1) -> Reply:
        outcome = self.state.rules.run(
            self.state.task_instances.get(ti_id),
            dag_run=self.state.dag_runs["dag", "run"],
            xcom_keys=(),
            hostname=hostname,
            unixname="airflow",
            pid=pid,
            start_date=self.at,
            now=self.at,
        )
        return self.state.apply(outcome)

    def heartbeat(self, ti_id: UUID, *, hostname: str = "w1", pid: int = 1) -> Reply:
        tis = self.state.task_instances
        archived = ti_id in tis.history
        outcome = self.state.rules.heartbeat(
            tis.get(ti_id), archived=archived, hostname=hostname, pid=pid, now=self.at
        )
        return self.state.apply(outcome)

    def report(self, ti_id: UUID, state: str, **payload: Any) -> Reply:
        """PATCH state."""
        ti = self.state.task_instances.get(ti_id)
        outcome = self.state.rules.update_state(
            ti, payload={"state": state} | payload, now=self.at, new_id=self.state.new_id
        )
        return self.state.apply(outcome)

    def register(self, name: str = "w1", **body: Any) -> Reply:
        outcome = self.state.rules.register_worker(
            self.state.edge_workers.get(name),
            worker_name=name,
            body=worker_body(**{"state": EdgeWorkerState.STARTING} | body),
            settings=self.settings,
            now=self.at,
        )
        return self.state.apply(outcome)

    def worker_heartbeat(self, name: str = "w1", **body: Any) -> Reply:
        worker = self.state.edge_workers.get(name)
        outcome = self.state.rules.set_worker_state(
            worker, body=worker_body(**body), settings=self.settings, now=self.at
        )
        return self.state.apply(outcome)

    def fetch(self, name: str = "w1", *, queues: list[str] | None = None, free: int = 8) -> Any:
        """The job handed to this worker, None when there is none."""
        outcome = self.state.rules.fetch_job(
            self.state.edge_workers.get(name),
            jobs=self.state.edge_jobs.queued(queues),
            free_concurrency=free,
            now=self.at,
        )
        return self.state.apply(outcome).body

    def report_job(self, state: str, try_number: int = 1) -> Reply:
        outcome = self.state.rules.set_job_state(
            self.job(try_number), state=TaskInstanceState(state), now=self.at
        )
        return self.state.apply(outcome)

    def start(self, name: str = "w1", *, pid: int = 1) -> UUID:
        """Let a registered worker fetch the next job and start it; returns the task instance id."""
        fetched = self.fetch(name)
        ti_id = UUID(fetched["command"]["ti"]["id"])
        assert self.run(ti_id, hostname=name, pid=pid).status == 200
        self.report_job("running", fetched["try_number"])
        return ti_id

    def told(self, table: str) -> list[tuple[str | None, str | None, str]]:
        """The changes of a table as (old, new, cause)."""
        return [(each.old, each.new, each.cause) for each in self.changes if each.table == table]


def worker_body(**body: Any) -> dict[str, Any]:
    usual = {
        "state": EdgeWorkerState.IDLE,
        "jobs_active": 0,
        "queues": None,
        "sysinfo": SYSINFO,
        "maintenance_comments": None,
        "team_name": None,
    }
    return usual | body


def token_of(job: EdgeJob | None) -> str:
    """The workload token a job carries."""
    assert job is not None
    token: str = json.loads(job.command)["token"]
    return token
