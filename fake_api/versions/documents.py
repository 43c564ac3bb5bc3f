"""The OpenAPI document, as Airflow makes it for the generators of its clients (Airflow: execution_api/app.py)."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from fake_api.execution.payloads import Model
from fake_api.names import TaskInstanceState

Schema = dict[str, Any]


class TaskInstance(Model):
    """A task instance in a workload."""

    id: UUID
    task_id: str
    dag_id: str
    run_id: str
    try_number: int
    dag_version_id: UUID
    map_index: int = -1
    hostname: str | None = None
    context_carrier: dict[str, Any] | None = None
    queue: str = "default"


class BundleInfo(Model):
    """Where the Dag of a workload comes from."""

    name: str
    version: str | None = None


class TerminalTIState(StrEnum):
    """States a task instance ends in, success among them."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"


WEIGHT_RULES = ("downstream", "upstream", "absolute")
TRIGGER_RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_done_setup_success",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_skipped",
    "always",
    "none_failed_min_one_success",
    "all_skipped",
)
JSON_TYPES = ("string", "number", "integer", "object", "array", "boolean", "null")


def extra_schemas() -> dict[str, Schema]:
    """Schemas that no route uses and every document has."""
    return {
        "TaskInstance": TaskInstance.model_json_schema(),
        "BundleInfo": BundleInfo.model_json_schema(),
        "TerminalTIState": _enum(TerminalTIState),
        "TaskInstanceState": _enum(TaskInstanceState),
        "WeightRule": _enum(WEIGHT_RULES),
        "TriggerRule": _enum(TRIGGER_RULES),
        "DagAttributeTypes": _enum(("operator", "taskgroup")) | {"x-enum-varnames": ["OP", "TASK_GROUP"]},
    }


def customized(document: Schema) -> Schema:
    """The document FastAPI made, with alternatives that exclude each other and the extra schemas."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for name, extra in extra_schemas().items():
        schemas.setdefault(name, extra)
    schemas["JsonValue"] = {
        "title": "Any valid JSON value",
        "oneOf": [{"type": each} for each in JSON_TYPES],
    }
    told: Schema = _one_of(document)
    return told


def _enum(values: Any) -> Schema:
    return {"type": "string", "enum": [str(each) for each in values]}


def _one_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {"oneOf" if key == "anyOf" else key: _one_of(each) for key, each in value.items()}
    return [_one_of(each) for each in value] if isinstance(value, list) else value
