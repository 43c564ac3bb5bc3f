"""Rows of what a deployment has besides tasks: Dags, assets and their events, connections to test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.rows import CALLBACK_TAG, AssetKey, Connection, JobKey, TaskSpec


@dataclass(frozen=True, kw_only=True)
class ConnectionTest:
    """A connection to be tried by a worker. `state` is pending, queued, running, success or failed."""

    id: UUID
    connection: Connection
    state: str = "pending"
    result_message: str | None = None
    commit_on_success: bool = False


@dataclass(frozen=True, kw_only=True)
class Callback:
    """A callback for the executor to run, as a missed deadline makes one.

    `state` is pending, queued, running, success or failed. `data` says what to call, as
    `{"path": "package.module.function", "kwargs": {}}`.
    """

    id: UUID
    dag_id: str
    run_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    state: str = "pending"
    priority_weight: int = 1
    team_name: str | None = None
    output: str | None = None

    @property
    def job_key(self) -> JobKey:
        """The name of its edge job (Airflow: EdgeExecutor.queue_workload)."""
        return JobKey(CALLBACK_TAG, str(self.id), f"{CALLBACK_TAG}-{self.id}", -1, 0)


@dataclass(frozen=True, kw_only=True)
class Dag:
    """What the server knows of a Dag.

    `tasks` are what each triggered run gets; their run_id is replaced by that of the run. A run of a paused
    Dag waits. `allowed_run_types` None allows all. A run for a date before `start_date` or after `end_date` has no tasks.
    """

    dag_id: str
    tasks: tuple[TaskSpec, ...] = ()
    is_paused: bool = False
    is_stale: bool = False
    has_import_errors: bool = False
    allowed_run_types: tuple[str, ...] | None = None
    partitioned: bool = False
    fail_fast: bool = False
    bundle_name: str | None = "dags-folder"
    bundle_version: str | None = None
    relative_fileloc: str | None = "dag.py"
    owners: str | None = "airflow"
    tags: tuple[str, ...] = ()
    next_dagrun: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    def tasks_on(self, date: datetime | None) -> tuple[TaskSpec, ...]:
        """What a run for that logical date gets; one for no date gets all. Airflow: DagRun.verify_integrity."""
        early = date is not None and self.start_date is not None and date < self.start_date
        late = date is not None and self.end_date is not None and date > self.end_date
        return () if early or late else self.tasks


@dataclass(frozen=True, kw_only=True)
class Asset:
    """An asset. One that is not active is found by its full key and by its aliases only."""

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True

    @property
    def key(self) -> AssetKey:
        """The asset's name."""
        return AssetKey(self.name, self.uri)


@dataclass(frozen=True, kw_only=True)
class AssetEvent:
    """An asset was written. The table gives it its `id`; `aliases` are those it was written through."""

    asset: AssetKey
    timestamp: datetime
    id: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    aliases: tuple[str, ...] = ()
    partition_key: str | None = None
