"""The fake's rows of a case, in the words of `state` in harness/live/seeder.py, so that the two can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fake_api import State
from fake_api.rows import TaskInstance, TaskKey
from fake_api.waits import HitlDetail

Json = dict[str, Any]

TI_FIELDS = [
    "state",
    "try_number",
    "max_tries",
    "hostname",
    "unixname",
    "pid",
    "start_date",
    "end_date",
    "duration",
    "next_method",
    "next_kwargs",
    "trigger_timeout",
    "retry_delay_override",
    "retry_reason",
    "last_heartbeat_at",
    "rendered_map_index",
]
RUN_FIELDS = [
    "state",
    "run_type",
    "conf",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "run_after",
    "start_date",
    "end_date",
    "clear_number",
    "triggering_user_name",
    "partition_key",
    "note",
]
HISTORY_FIELDS = [
    "state",
    "max_tries",
    "hostname",
    "pid",
    "start_date",
    "end_date",
    "duration",
    "retry_reason",
]
HITL_FIELDS = [
    "options",
    "subject",
    "body",
    "defaults",
    "multiple",
    "chosen_options",
    "params_input",
    "responded_by",
]
EVENT_FIELDS = [
    "extra",
    "source_dag_id",
    "source_task_id",
    "source_run_id",
    "source_map_index",
    "partition_key",
]


def of_case(state: State, dag_id: str) -> Json:
    """All rows of a Dag and of what is named after it, as JSON values."""
    mine = [ti for ti in state.task_instances if ti.task.dag_id == dag_id]
    history = [ti for ti in state.task_instances.history.values() if ti.task.dag_id == dag_id]
    rows = {
        "runs": {run.run_id: _fields(run, RUN_FIELDS) for run in state.dag_runs if run.dag_id == dag_id},
        "task instances": {_name(ti.task.primary): _task_instance(ti) for ti in mine},
        "history": {
            f"{_name(ti.task.primary)}/{ti.try_number}": _fields(ti, HISTORY_FIELDS) | {"id": str(ti.id)}
            for ti in history
        },
        "xcoms": {
            f"{task.run_id}/{task.task_id}/{index}/{key}": value
            for task, key, index, value in state.xcoms
            if task.dag_id == dag_id
        },
        "rendered": {
            _name(key): fields for key, fields in state.rendered_fields.items() if key.dag_id == dag_id
        },
        "variables": {
            key: {"val": row.val, "description": row.description}
            for key, row in state.variables.items()
            if key.startswith(dag_id)
        },
        "connections": sorted(each for each in state.connections if each.startswith(dag_id)),
        "asset events": _events(state, dag_id),
        "task store": {
            f"{_name(ti.task.primary)}/{key}": stored._asdict()
            for ti in mine
            for key, stored in state.task_store.items(ti.task.primary)
        },
        "asset store": {
            f"{asset.name}/{key}": stored.value
            for asset in state.assets
            if asset.name.startswith(dag_id)
            for key, stored in state.asset_store.items(asset.key)
        },
        "connection tests": [
            {"state": test.state, "result_message": test.result_message}
            for test in state.connection_tests.values()
            if test.connection.conn_id.startswith(dag_id)
        ],
    }
    told: Json = json.loads(json.dumps(rows, default=_as_json))
    return told


def _name(key: TaskKey) -> str:
    return f"{key.run_id}/{key.task_id}/{key.map_index}"


def _fields(row: Any, names: Iterable[str]) -> Json:
    return {name: getattr(row, name) for name in names}


def _task_instance(ti: TaskInstance) -> Json:
    trigger = ti.trigger and {
        "classpath": ti.trigger.classpath,
        "kwargs": ti.trigger.kwargs,
        "queue": ti.trigger.queue,
    }
    reschedules = [_fields(each, ("start_date", "end_date", "reschedule_date")) for each in ti.reschedules]
    return _fields(ti, TI_FIELDS) | {
        "id": str(ti.id),
        "unixname": ti.unixname if ti.hostname else None,
        "queue": ti.task.queue,
        "trigger": trigger,
        "reschedules": reschedules,
        "hitl": ti.hitl and _hitl(ti.hitl),
    }


def _hitl(detail: HitlDetail) -> Json:
    return _fields(detail, HITL_FIELDS)


def _events(state: State, dag_id: str) -> list[Json]:
    told = [
        _fields(event, EVENT_FIELDS) | {"asset": event.asset.name, "aliases": sorted(event.aliases)}
        for event in state.assets.events.values()
        if event.asset.name.startswith(dag_id)
    ]
    return sorted(told, key=lambda event: json.dumps(event, sort_keys=True, default=_as_json))


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return dict(value) if isinstance(value, Mapping) else str(value)
