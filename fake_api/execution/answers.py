"""Response bodies about task instances and their runs (Airflow: execution_api/datamodels/taskinstance.py).

The newest version's routes send what they have, unchecked. These models say what that is: for the OpenAPI
document, and for older versions, whose bodies are cut to size by them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, JsonValue

from fake_api.execution.content_answers import ConnectionResponse, VariableResponse
from fake_api.execution.payloads import AssetProfile, Model, StrictModel, UtcDatetime


class DagRunState(StrEnum):
    """State of a dag run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunType(StrEnum):
    """Why a dag run was made."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"


class AssetReferenceAssetEventDagRun(StrictModel):
    """The asset of an event that a run consumed."""

    name: str
    uri: str
    extra: dict[str, JsonValue]


class AssetAliasReferenceAssetEventDagRun(StrictModel):
    """An alias that such an event came through."""

    name: str


class AssetEventDagRunReference(StrictModel):
    """An asset event that a run consumed."""

    asset: AssetReferenceAssetEventDagRun
    extra: dict[str, JsonValue]
    source_task_id: str | None
    source_dag_id: str | None
    source_run_id: str | None
    source_map_index: int | None
    source_aliases: list[AssetAliasReferenceAssetEventDagRun]
    timestamp: UtcDatetime
    partition_key: str | None = None


class DagRun(StrictModel):
    """A run, as its tasks are told of it."""

    dag_id: str
    run_id: str
    logical_date: UtcDatetime | None
    data_interval_start: UtcDatetime | None
    data_interval_end: UtcDatetime | None
    run_after: UtcDatetime
    start_date: UtcDatetime | None
    end_date: UtcDatetime | None
    clear_number: int = 0
    run_type: DagRunType
    state: DagRunState
    conf: dict[str, Any] | None = None
    triggering_user_name: str | None = None
    consumed_asset_events: list[AssetEventDagRunReference]
    partition_key: str | None
    partition_date: UtcDatetime | None = None
    note: str | None = None
    team_name: str | None = None


class TIRunContext(Model):
    """What a task needs to know to run."""

    dag_run: DagRun
    task_reschedule_count: int = 0
    max_tries: int
    variables: Annotated[list[VariableResponse], Field(default_factory=list)]
    connections: Annotated[list[ConnectionResponse], Field(default_factory=list)]
    next_method: str | None = None
    next_kwargs: dict[str, Any] | str | None = None
    xcom_keys_to_clear: Annotated[list[str], Field(default_factory=list)]
    should_retry: bool = False
    start_date: UtcDatetime | None = None


class PrevSuccessfulDagRunResponse(Model):
    """The dates of the last successful run."""

    data_interval_start: UtcDatetime | None = None
    data_interval_end: UtcDatetime | None = None
    start_date: UtcDatetime | None = None
    end_date: UtcDatetime | None = None


class PreviousTIResponse(Model):
    """An earlier instance of a task."""

    task_id: str
    dag_id: str
    run_id: str
    logical_date: UtcDatetime | None = None
    start_date: UtcDatetime | None = None
    end_date: UtcDatetime | None = None
    state: str | None = None
    try_number: int
    map_index: int | None = -1
    duration: float | None = None


class TaskStatesResponse(Model):
    """States by run and task."""

    task_states: dict[str, Any]


class TaskBreadcrumbsResponse(Model):
    """The finished task instances of a run."""

    breadcrumbs: list[dict[str, Any]]


class InactiveAssetsResponse(Model):
    """Inlets and outlets that are no active assets."""

    inactive_assets: Annotated[list[AssetProfile], Field(default_factory=list)]


class DagRunStateResponse(Model):
    """The state of a run."""

    state: DagRunState


class DagResponse(Model):
    """A Dag."""

    dag_id: str
    is_paused: bool
    bundle_name: str | None
    bundle_version: str | None
    relative_fileloc: str | None
    owners: str | None
    tags: list[str]
    next_dagrun: datetime | None


class HTTPExceptionResponse(Model):
    """A refusal."""

    detail: str | dict[str, Any]
