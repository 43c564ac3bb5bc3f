"""The rows of the in-memory tables. All are frozen: a transition makes a new row, the State stores it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from fake_api.names import EdgeWorkerState, TaskInstanceState
from fake_api.waits import HitlDetail, TaskReschedule, Trigger


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """What a Dag says about one task instance. `retry_delay` is in seconds, `map_index` -1 means unmapped.

    `groups` are the ids of the task groups it is in, from the outside in; `operator` is the operator's class.
    `team_name` is the team its Dag bundle belongs to.
    """

    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1
    queue: str = "default"
    pool_slots: int = 1
    priority_weight: int = 1
    retries: int = 0
    retry_delay: float = 300
    dag_rel_path: str = "dag.py"
    operator: str | None = None
    inlets: tuple["AssetKey", ...] = ()
    outlets: tuple["AssetKey", ...] = ()
    groups: tuple[str, ...] = ()
    is_teardown: bool = False
    team_name: str | None = None

    @property
    def primary(self) -> "TaskKey":
        """What stays the same over all tries."""
        return TaskKey(self.dag_id, self.task_id, self.run_id, self.map_index)


#: The dag_id of a callback's edge job. A Dag may have this name too, so it is not enough to tell.
CALLBACK_TAG = "ExecuteCallback"


class AssetKey(NamedTuple):
    """Names an asset."""

    name: str
    uri: str


class TaskKey(NamedTuple):
    """Names a task instance whatever its try."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int


class JobKey(NamedTuple):
    """Names one try of a task instance, for the executor and the edge API."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    try_number: int

    @property
    def is_callback(self) -> bool:
        """Whether it names a callback, as the EdgeExecutor writes one (edge3: models/types.py)."""
        return (
            self.dag_id == CALLBACK_TAG
            and self.run_id == f"{CALLBACK_TAG}-{self.task_id}"
            and self.try_number == 0
            and self.map_index == -1
        )

    @property
    def primary(self) -> TaskKey:
        """The task instance this is a try of."""
        return TaskKey(self.dag_id, self.task_id, self.run_id, self.map_index)

    def __str__(self) -> str:
        # in the order of the Edge API's paths and of Airflow's TaskInstanceKey
        return f"{self.dag_id}/{self.task_id}/{self.run_id}/{self.try_number}/{self.map_index}"


@dataclass(frozen=True, kw_only=True)
class DagRun:
    """One run of a Dag. `consumed_asset_events` are the ids of the events it was made for."""

    dag_id: str
    run_id: str
    run_after: datetime
    dag_version_id: UUID
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    state: str = "running"
    run_type: str = "manual"
    clear_number: int = 0
    conf: Mapping[str, Any] | None = field(default_factory=dict)
    triggering_user_name: str | None = None
    consumed_asset_events: tuple[int, ...] = ()
    partition_key: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaskInstance:
    """One task instance. `duration` is in seconds, `stuck_in_queued` counts rescues since it last ran.

    `trigger`, `reschedules` and `hitl` are the rows that hang on it: they go where its id goes.
    """

    id: UUID
    task: TaskSpec
    try_number: int
    max_tries: int
    state: TaskInstanceState | None = None
    hostname: str = ""
    unixname: str | None = None
    pid: int | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    duration: float | None = None
    queued_dttm: datetime | None = None
    queued_by_job_id: int | None = None
    last_heartbeat_at: datetime | None = None
    next_method: str | None = None
    next_kwargs: Mapping[str, Any] | None = None
    trigger: Trigger | None = None
    trigger_timeout: datetime | None = None
    reschedule_date: datetime | None = None
    reschedules: tuple[TaskReschedule, ...] = ()
    hitl: HitlDetail | None = None
    rendered_map_index: str | None = None
    retry_delay_override: float | None = None
    retry_reason: str | None = None
    stuck_in_queued: int = 0

    @property
    def key(self) -> JobKey:
        """The name of the current try."""
        return JobKey(*self.task.primary, self.try_number)

    def next_retry_at(self) -> datetime:
        """When an up_for_retry task instance may be queued again (Airflow: TaskInstance.next_retry_datetime).

        Raises ValueError for a task instance that never ended.
        """
        if self.end_date is None:
            raise ValueError(f"task instance {self.id} has no end_date: only an ended try has a retry time")
        override = self.retry_delay_override
        return self.end_date + timedelta(seconds=self.task.retry_delay if override is None else override)


@dataclass(frozen=True, kw_only=True)
class EdgeJob:
    """One row of edge_job: a try waiting for a worker, or with one. `command` is the workload's JSON.

    `task_instance_id` is empty as long as jobs are told apart by their keys alone, which they are before
    Airflow 3.4.
    """

    key: JobKey
    state: TaskInstanceState
    queue: str
    concurrency_slots: int
    priority_weight: int
    command: str
    queued_dttm: datetime
    edge_worker: str | None = None
    last_update: datetime | None = None
    team_name: str | None = None
    task_instance_id: str = ""


@dataclass(frozen=True, kw_only=True)
class EdgeWorker:
    """One row of edge_worker. `concurrency` is what an administrator wants, None leaves it to the worker."""

    worker_name: str
    state: EdgeWorkerState
    last_update: datetime
    queues: tuple[str, ...] | None = None
    jobs_active: int = 0
    sysinfo: Mapping[str, Any] = field(default_factory=dict)
    maintenance_comment: str | None = None
    team_name: str | None = None
    concurrency: int | None = None
    first_online: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One Airflow variable."""

    val: str | None
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One Airflow connection. `extra` is JSON text."""

    conn_id: str
    conn_type: str
    host: str | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    port: int | None = None
    extra: str | None = None
