"""The database of the fake: tables in memory, and the one way in which they change."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zlib import crc32

from fake_api.auth import Audit, Tokens
from fake_api.auth.oidc import WorkerIdentities
from fake_api.catalogue import Callback
from fake_api.content import Content
from fake_api.defaults import utc_now, uuid7
from fake_api.executor import Executor
from fake_api.names import TaskInstanceState
from fake_api.outcome import Change, Outcome, Reply, job_detail
from fake_api.rows import DagRun, EdgeJob, EdgeWorker, JobKey, TaskInstance, TaskKey, TaskSpec
from fake_api.settings import Settings
from fake_api.tables import EdgeJobs, TaskInstances
from fake_api.transitions import RULES, Rules
from fake_api.transitions.scheduling import next_key
from fake_api.xcoms import XComs

Listener = Callable[[Change], None]


class State(Content):
    """All rows, behind an injected clock and injected ids. Nothing here reads another clock or is random."""

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[], UUID] = uuid7,
        rules: Rules = RULES,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.now = now
        self.new_id = new_id
        self.rules = rules
        self.tokens = Tokens(self.settings)
        oidc = bool(self.settings.edge_trusted_jwks_url)
        self.worker_identities = WorkerIdentities(self.settings) if oidc else None
        self.audit = Audit()
        self.task_instances = TaskInstances()
        self.xcoms = XComs()
        self.edge_workers: dict[str, EdgeWorker] = {}
        self.edge_jobs = EdgeJobs()
        self.edge_logs: dict[JobKey, dict[datetime, str]] = {}
        self.rendered_fields: dict[TaskKey, dict[str, Any]] = {}
        self.executor = Executor(job_id=1, latest_heartbeat=now())
        self.scheduler_started = False
        self.retired: dict[int, datetime] = {}
        self.dag_versions: dict[str, UUID] = {}
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` of every applied change from now on, once and in order."""
        self._listeners.append(listener)

    def submit(self, task: TaskSpec) -> UUID:
        """Create the task instance (and its Dag and run, if missing) and queue its first try; returns its id.

        Raises ValueError for a task instance that exists already.
        """
        if self.task_instances.find(task.primary):
            raise ValueError(f"{task.primary} was submitted already: give it another run_id or map_index")
        if task.dag_id not in self.dags:
            self.add_dag(task.dag_id, relative_fileloc=task.dag_rel_path)
        self.ensure_dag_run(task.dag_id, task.run_id)
        row = TaskInstance(id=self.new_id(), task=task, try_number=0, max_tries=task.retries)
        self.queue(row, cause="submit")
        return row.id

    def token(self, ti_id: UUID, *, scope: str = "execution") -> str:
        """A token of this task instance, good from now on; with scope "workload" the one that may call run."""
        if scope == "workload":
            return self.tokens.mint_workload(ti_id, self.now())
        return self.tokens.mint(sub=str(ti_id), scope=scope, now=self.now())

    def ensure_dag_run(self, dag_id: str, run_id: str) -> DagRun:
        """The dag run with this name; when missing, one that runs since now."""
        return self.dag_runs.get((dag_id, run_id)) or self.add_dag_run(dag_id, run_id)

    def add_dag_run(self, dag_id: str, run_id: str, **values: Any) -> DagRun:
        """Store a dag run, in place of an earlier one; `values` are fields of the row.

        Without them it is a manual one that runs since now, and all of its dates are now.
        """
        now = self.now()
        dates = {"logical_date": now, "data_interval_start": now, "data_interval_end": now}
        usual: dict[str, Any] = dates | {
            "run_after": now,
            "start_date": now,
            "dag_version_id": self.dag_version(dag_id),
        }
        run = DagRun(dag_id=dag_id, run_id=run_id, **usual | values)
        self.dag_runs.put(run)
        return run

    def dag_version(self, dag_id: str) -> UUID:
        """The id of the one version of a Dag."""
        return self.dag_versions.setdefault(dag_id, self.new_id())

    def queue(self, ti: TaskInstance, *, cause: str) -> None:
        """Queue a task instance and its edge job with a fresh workload token."""
        now = self.now()
        outcome = self.rules.queue_task(
            ti,
            dag_run=self.dag_runs[ti.task.dag_id, ti.task.run_id],
            job=self.edge_jobs.get(next_key(ti)),
            token=lambda ti_id: self.tokens.mint_workload(ti_id, now),
            job_id=self.executor.job_id,
            now=now,
            cause=cause,
            team_name=self.settings.executor_of(ti.task.team_name),
        )
        self._enqueue(outcome)

    def queue_callback(self, callback: Callback) -> None:
        """Give a callback to the executor, with a fresh workload token."""
        now = self.now()
        outcome = self.rules.queue_callback(
            callback,
            dag=self.dags.get(callback.dag_id),
            job=self.edge_jobs.get(callback.job_key),
            token=self.tokens.mint_workload(callback.id, now),
            queue=self.settings.default_queue,
            team_name=self.settings.executor_of(callback.team_name),
            now=now,
        )
        self._enqueue(outcome)

    def _enqueue(self, outcome: Outcome) -> None:
        self.apply(outcome)
        for row in outcome.rows:
            if isinstance(row, EdgeJob):
                self.executor.running[row.key] = None

    def clear(self, ti_id: UUID, *, with_run: bool = True) -> UUID:
        """Clear a task instance, as a user does to run it again; returns its new id.

        Its run counts that, and goes on if it had ended, unless whoever calls sees to it. A try that is in the
        history already is not recorded again. Raises KeyError for an id that is not live.
        """
        ti = self.task_instances.get(ti_id)
        if ti is None:
            raise KeyError(f"no live task instance {ti_id}: clear one by the id of its current try")
        recorded = any(each.key == ti.key for each in self.task_instances.history.values())
        self.apply(self.rules.clear_task(ti, recorded=recorded, now=self.now(), new_id=self.new_id))
        if recorded:
            del self.task_instances.history[ti.id]
        if with_run:
            self._clear_run(ti.task)
        cleared = self.task_instances.find(ti.task.primary)
        return cleared.id if cleared else ti_id

    def _clear_run(self, task: TaskSpec) -> None:
        run = self.dag_runs.get((task.dag_id, task.run_id))
        names = {"dag_id": task.dag_id, "run_id": task.run_id}
        self.apply(self.rules.clear_dag_run(self.dags.get(task.dag_id), run=run, **names, tasks=1))

    def fire_trigger(self, ti_id: UUID, event: Any) -> None:
        """What a deferred task instance waited for happened: it goes on, with the event.

        `event` is JSON-able. Raises ValueError for a task instance that waits for no trigger.
        """
        ti = self.task_instances.get(ti_id)
        if ti is None or ti.trigger is None or ti.state != TaskInstanceState.DEFERRED:
            raise ValueError(
                f"{ti_id} waits for no trigger: defer it first, or give the id of its current try"
            )
        self.apply(self.rules.resume(ti, event=event, now=self.now(), cause="trigger fired"))

    def answer(
        self,
        ti_id: UUID,
        *options: str,
        params: Mapping[str, Any] | None = None,
        user: Mapping[str, str] | None = None,
    ) -> None:
        """A human answers a task instance, in the UI; if it waits for that, it goes on.

        `user` has "id" and "name". Raises ValueError where there is no open question.
        """
        outcome = self.rules.answer_human(
            self.task_instances.get(ti_id),
            chosen_options=options,
            params_input=params or {},
            user=user or {"id": "admin", "name": "admin"},
            now=self.now(),
        )
        if self.apply(outcome).status != 200:
            raise ValueError(
                f"{ti_id} has no open question: POST it to /hitlDetails first, and answer it once"
            )

    def keep_log(self, key: JobKey, *, at: datetime, text: str) -> None:
        """Keep a piece of a try's log under the time that its worker gave it."""
        chunks = self.edge_logs.get(key, {})
        chunks[at] = text
        self.edge_logs[key] = chunks  # assigned to: a durable state learns of it
        about = {"log_chunk_time": at, "length": len(text), "crc32": crc32(text.encode())}
        self.tell(
            Change(
                at=self.now(),
                table="log",
                key=str(key),
                old=None,
                new="log chunk",
                cause="POST logs/push",
                detail=job_detail(key) | about,
            )
        )

    def apply(self, outcome: Outcome) -> Reply:
        """Store what a transition decided, tell the listeners, and return the reply it wants sent."""
        if outcome.archived is not None:
            self.task_instances.archive(outcome.archived)
        for row in outcome.rows:
            if isinstance(row, TaskInstance):
                self.task_instances.put(row)
            elif isinstance(row, EdgeWorker):
                self.edge_workers[row.worker_name] = row
            elif isinstance(row, EdgeJob):
                self.edge_jobs.put(row)
            else:
                self.put(row)
        for key in outcome.deleted:
            if isinstance(key, JobKey):
                self.edge_jobs.delete(key)
                self.edge_logs.pop(key, None)
            else:
                del self.edge_workers[key]
        for change in outcome.changes:
            self.tell(change)
        return outcome.reply

    def tell(self, change: Change) -> None:
        """Pass a change on to the listeners."""
        for listener in self._listeners:
            listener(change)
