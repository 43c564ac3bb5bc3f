"""Request bodies of the Execution API beside the task instances' (Airflow: execution_api/datamodels)."""

import math
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue

from fake_api.execution.payloads import Model, StrictModel, UtcDatetime


class TriggerDAGRunPayload(StrictModel):
    """A dag run to make. `reset_dag_run` is for the client: the server does not look at it."""

    logical_date: UtcDatetime | None = None
    run_after: UtcDatetime | None = None
    conf: dict[Any, Any] = Field(default_factory=dict)
    reset_dag_run: bool = False
    partition_key: str | None = None
    note: str | None = None


class HITLUser(Model):
    """A human who may answer."""

    id: str
    name: str


class HITLDetailRequest(Model):
    """A question to a human."""

    ti_id: UUID
    options: list[str] = Field(min_length=1)
    subject: str
    body: str | None = None
    defaults: list[str] | None = None
    multiple: bool = False
    params: dict[str, Any] = Field(default_factory=dict)
    assigned_users: list[HITLUser] = Field(default_factory=list)


class UpdateHITLDetailPayload(Model):
    """An answer."""

    ti_id: UUID
    chosen_options: list[str] = Field(min_length=1)
    params_input: dict[str, Any] = Field(default_factory=dict)


def _storable(value: JsonValue) -> JsonValue:
    if value is None:
        raise ValueError("value cannot be null")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("value must be a finite number; NaN and Inf are not JSON representable")
    return value


class AssetStateStorePutBody(StrictModel):
    """A value to remember for an asset."""

    value: Annotated[JsonValue, AfterValidator(_storable)]


class TaskStateStorePutBody(StrictModel):
    """A value to remember for a task instance."""

    value: Annotated[JsonValue, AfterValidator(_storable)]
    expires_at: datetime | None = None


class ConnectionTestState(StrEnum):
    """How far a connection test is."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


def _final(state: ConnectionTestState) -> ConnectionTestState:
    if state not in (ConnectionTestState.SUCCESS, ConnectionTestState.FAILED):
        raise ValueError(f"Workers may only report terminal states (success/failed); got {state.value!r}")
    return state


class ConnectionTestResultBody(StrictModel):
    """What came of a connection test."""

    state: Annotated[ConnectionTestState, AfterValidator(_final)]
    result_message: str | None = Field(default=None, max_length=2000)
