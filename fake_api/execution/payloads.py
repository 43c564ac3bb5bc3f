"""Request bodies of the Execution API (Airflow: execution_api/datamodels)."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    Tag,
    WithJsonSchema,
)

from fake_api.names import TaskInstanceState


def _to_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


#: A time with any zone, told back in UTC.
UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]


class Model(BaseModel):
    """Takes a field by its own name as well as by its alias."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class StrictModel(Model):
    """Takes no keys it does not know."""

    model_config = ConfigDict(extra="forbid")


def _required(state: str) -> Any:
    # Airflow documents a default that it does not have, for the sake of generated clients
    return WithJsonSchema({"type": "string", "enum": [state], "default": state})


class TerminalTIState(StrEnum):
    """States a task instance ends in."""

    SUCCESS = "success"


class TerminalStateNonSuccess(StrEnum):
    """States a task instance ends in without success."""

    FAILED = "failed"
    SKIPPED = "skipped"
    REMOVED = "removed"
    UPSTREAM_FAILED = "upstream_failed"


class IntermediateTIState(StrEnum):
    """States a task instance goes on from."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RESTARTING = "restarting"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class TIEnterRunningPayload(StrictModel):
    """A supervisor starts a task."""

    state: Annotated[Literal[TaskInstanceState.RUNNING], _required(TaskInstanceState.RUNNING)]
    hostname: str
    unixname: str
    pid: int
    start_date: UtcDatetime


class TIHeartbeatInfo(StrictModel):
    """A supervisor is alive."""

    hostname: str
    pid: int


class AssetProfile(StrictModel):
    """An asset a task wrote."""

    name: str | None = None
    uri: str | None = None
    type: str


class TITerminalStatePayload(StrictModel):
    """A task ended without success."""

    state: TerminalStateNonSuccess
    end_date: UtcDatetime
    rendered_map_index: str | None = None


class TISuccessStatePayload(StrictModel):
    """A task succeeded."""

    state: Annotated[Literal[TerminalTIState.SUCCESS], _required(TerminalTIState.SUCCESS)]
    end_date: UtcDatetime
    task_outlets: Annotated[list[AssetProfile], Field(default_factory=list)]
    outlet_events: Annotated[list[dict[str, Any]], Field(default_factory=list)]
    rendered_map_index: str | None = None


class TITargetStatePayload(StrictModel):
    """Just a state to go to: also what a body without its required fields is taken for."""

    state: IntermediateTIState


class TIDeferredStatePayload(StrictModel):
    """A task waits for a trigger."""

    state: Annotated[Literal[IntermediateTIState.DEFERRED], _required(IntermediateTIState.DEFERRED)]
    classpath: str
    trigger_kwargs: Annotated[dict[str, JsonValue] | str, Field(default_factory=dict)]
    trigger_timeout: timedelta | None = None
    queue: str | None = None
    next_method: str
    next_kwargs: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    rendered_map_index: str | None = None


class TIRescheduleStatePayload(StrictModel):
    """A sensor asks to be called again later."""

    state: Annotated[
        Literal[IntermediateTIState.UP_FOR_RESCHEDULE], _required(IntermediateTIState.UP_FOR_RESCHEDULE)
    ]
    reschedule_date: UtcDatetime
    end_date: UtcDatetime


class TIAwaitingInputStatePayload(StrictModel):
    """A task waits for a human."""

    state: Annotated[
        Literal[IntermediateTIState.AWAITING_INPUT], _required(IntermediateTIState.AWAITING_INPUT)
    ]
    timeout: timedelta | None = None
    next_method: str
    next_kwargs: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    rendered_map_index: str | None = None


class TIRetryStatePayload(StrictModel):
    """A try failed and another is left."""

    state: Annotated[Literal[IntermediateTIState.UP_FOR_RETRY], _required(IntermediateTIState.UP_FOR_RETRY)]
    end_date: UtcDatetime
    rendered_map_index: str | None = None
    retry_delay_seconds: float | None = None
    retry_reason: str | None = None


# Tagged but without a discriminator: so does the served Airflow app behave, and its 422 bodies show it by
# listing the errors of every branch.
TIStateUpdate = (
    Annotated[TITerminalStatePayload, Tag("_terminal_")]
    | Annotated[TISuccessStatePayload, Tag("success")]
    | Annotated[TITargetStatePayload, Tag("_other_")]
    | Annotated[TIDeferredStatePayload, Tag("deferred")]
    | Annotated[TIRescheduleStatePayload, Tag("up_for_reschedule")]
    | Annotated[TIAwaitingInputStatePayload, Tag("awaiting_input")]
    | Annotated[TIRetryStatePayload, Tag("up_for_retry")]
)


class TISkippedDownstreamTasksStatePayload(StrictModel):
    """Tasks to skip, by task id or by (task id, map index)."""

    tasks: list[str | tuple[str, int]]


class VariablePostBody(StrictModel):
    """A variable to set."""

    value: str | None = Field(alias="val")
    description: str | None = None
