"""Response bodies beside those about task instances (Airflow: execution_api/datamodels)."""

from datetime import datetime

from pydantic import Field, JsonValue, RootModel

from fake_api.execution.content_payloads import HITLUser
from fake_api.execution.payloads import Model, StrictModel


class VariableResponse(StrictModel):
    """A variable."""

    key: str
    value: str | None


class VariableKeysResponse(StrictModel):
    """A page of keys, and how many there are."""

    keys: list[str]
    total_entries: int


class ConnectionResponse(Model):
    """A connection with its secrets."""

    conn_id: str
    conn_type: str
    host: str | None
    schema_: str | None = Field(alias="schema")
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


class ConnectionTestConnectionResponse(Model):
    """A connection to be tried."""

    conn_id: str
    conn_type: str
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema_: str | None = Field(default=None, alias="schema")
    port: int | None = None
    extra: str | None = None


class XComResponse(Model):
    """A value that a task pushed."""

    key: str
    value: JsonValue


class XComSequenceIndexResponse(RootModel[JsonValue]):
    """One of a mapped task's values."""


class XComSequenceSliceResponse(RootModel[list[JsonValue]]):
    """Some of a mapped task's values."""


class AssetResponse(Model):
    """An asset."""

    name: str
    uri: str
    group: str
    extra: dict[str, JsonValue] | None = None


class DagRunAssetReference(StrictModel):
    """A run that an asset event made."""

    run_id: str
    dag_id: str
    logical_date: datetime | None
    start_date: datetime
    end_date: datetime | None
    state: str
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    partition_key: str | None


class AssetEventResponse(Model):
    """An asset event."""

    id: int
    timestamp: datetime
    extra: dict[str, JsonValue] | None = None
    asset: AssetResponse
    created_dagruns: list[DagRunAssetReference]
    source_task_id: str | None = None
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    partition_key: str | None = None


class AssetEventsResponse(Model):
    """Asset events."""

    asset_events: list[AssetEventResponse]


class AssetStateStoreResponse(StrictModel):
    """What is remembered for an asset."""

    value: JsonValue


class TaskStateStoreResponse(StrictModel):
    """What is remembered for a task instance."""

    value: JsonValue


class HITLDetailResponse(Model):
    """A human's answer, or that there is none yet."""

    response_received: bool
    responded_by_user: HITLUser | None = None
    responded_at: datetime | None
    chosen_options: list[str] | None
    params_input: dict[str, object] = Field(default_factory=dict)
