"""What a released server's database holds of a case; read by seeder.py, inside that server's environment."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

TI_COLUMNS = [
    "state",
    "try_number",
    "max_tries",
    "hostname",
    "unixname",
    "pid",
    "start_date",
    "end_date",
    "duration",
    "queue",
    "next_method",
    "next_kwargs",
    "trigger_timeout",
    "retry_delay_override",
    "retry_reason",
    "last_heartbeat_at",
]
RUN_COLUMNS = [
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
]


def state(session: Any, request: Json) -> Json:
    """What the database holds of a case: rows by name, without what only a database needs."""
    dag_id = request["dag_id"]
    return {
        "runs": _runs(session, dag_id),
        "task instances": _task_instances(session, dag_id),
        "history": _history(session, dag_id),
        "xcoms": _xcoms(session, dag_id),
        "rendered": _rendered(session, dag_id),
        "variables": _variables(session, dag_id),
        "connections": _connections(session, dag_id),
        "asset events": _events(session, dag_id),
        "task store": _task_store(session, dag_id),
        "asset store": _asset_store(session, dag_id),
        "connection tests": _tests(session, dag_id),
    }


def _rows(session: Any, model: Any, *where: Any) -> Any:
    from sqlalchemy import select

    return session.scalars(select(model).where(*where))


def _columns(row: Any, names: list[str]) -> Json:
    return {name: getattr(row, name) for name in names}


def _runs(session: Any, dag_id: str) -> Json:
    from airflow.models.dagrun import DagRun

    runs = _rows(session, DagRun, DagRun.dag_id == dag_id)
    return {run.run_id: _columns(run, RUN_COLUMNS) | {"note": run.note} for run in runs}


def _task_instances(session: Any, dag_id: str) -> Json:
    from airflow.models.taskinstance import TaskInstance

    found = _rows(session, TaskInstance, TaskInstance.dag_id == dag_id)
    return {f"{ti.run_id}/{ti.task_id}/{ti.map_index}": _task_instance(session, ti) for ti in found}


def _task_instance(session: Any, ti: Any) -> Json:
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskreschedule import TaskReschedule

    trigger, hitl = ti.trigger, session.get(HITLDetail, ti.id)
    reschedules = _rows(session, TaskReschedule, TaskReschedule.ti_id == ti.id)
    asked = [
        "options",
        "subject",
        "body",
        "defaults",
        "multiple",
        "chosen_options",
        "params_input",
        "responded_by",
    ]
    return _columns(ti, TI_COLUMNS) | {
        "id": str(ti.id),
        "unixname": ti.unixname if ti.hostname else None,  # before it ran, it is the server's own
        "rendered_map_index": ti._rendered_map_index,
        "trigger": trigger
        and {"classpath": trigger.classpath, "kwargs": _kwargs(trigger), "queue": trigger.queue},
        "reschedules": [
            _columns(each, ["start_date", "end_date", "reschedule_date"]) for each in reschedules
        ],
        "hitl": hitl and _columns(hitl, asked) | {"chosen_options": hitl.chosen_options or []},
    }


def _kwargs(trigger: Any) -> Any:
    from cryptography.fernet import InvalidToken

    try:
        return trigger.kwargs
    except (ValueError, InvalidToken):
        return trigger.encrypted_kwargs  # a worker may send any text as what it encrypted


def _history(session: Any, dag_id: str) -> Json:
    from airflow.models.taskinstancehistory import TaskInstanceHistory

    found = _rows(session, TaskInstanceHistory, TaskInstanceHistory.dag_id == dag_id)
    columns = ["state", "max_tries", "hostname", "pid", "start_date", "end_date", "duration", "retry_reason"]
    return {
        f"{row.run_id}/{row.task_id}/{row.map_index}/{row.try_number}": _columns(row, columns)
        | {"id": str(row.task_instance_id)}
        for row in found
    }


def _xcoms(session: Any, dag_id: str) -> Json:
    from airflow.models.xcom import XComModel

    found = _rows(session, XComModel, XComModel.dag_id == dag_id)
    return {f"{row.run_id}/{row.task_id}/{row.map_index}/{row.key}": row.value for row in found}


def _rendered(session: Any, dag_id: str) -> Json:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered

    found = _rows(session, Rendered, Rendered.dag_id == dag_id)
    return {f"{row.run_id}/{row.task_id}/{row.map_index}": row.rendered_fields for row in found}


def _variables(session: Any, dag_id: str) -> Json:
    from airflow.models.variable import Variable

    found = _rows(session, Variable, Variable.key.startswith(dag_id))
    return {row.key: {"val": row.val, "description": row.description} for row in found}


def _connections(session: Any, dag_id: str) -> list[str]:
    from airflow.models.connection import Connection

    return sorted(row.conn_id for row in _rows(session, Connection, Connection.conn_id.startswith(dag_id)))


def _events(session: Any, dag_id: str) -> list[Json]:
    from airflow.models.asset import AssetEvent, AssetModel

    mine = _rows(session, AssetModel, AssetModel.name.startswith(dag_id))
    names = {asset.id: asset.name for asset in mine}
    events = _rows(session, AssetEvent, AssetEvent.asset_id.in_(names))
    columns = [
        "extra",
        "source_dag_id",
        "source_task_id",
        "source_run_id",
        "source_map_index",
        "partition_key",
    ]
    told = [
        _columns(event, columns)
        | {"asset": names[event.asset_id], "aliases": sorted(alias.name for alias in event.source_aliases)}
        for event in events
    ]
    return sorted(told, key=lambda event: json.dumps(event, sort_keys=True, default=str))


def _task_store(session: Any, dag_id: str) -> Json:
    from airflow.models.task_state_store import TaskStateStoreModel as Store

    found = _rows(session, Store, Store.dag_id == dag_id)
    return {
        f"{row.run_id}/{row.task_id}/{row.map_index}/{row.key}": {
            "value": json.loads(row.value),
            "expires_at": row.expires_at,
        }
        for row in found
    }


def _asset_store(session: Any, dag_id: str) -> Json:
    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel as Store

    names = {asset.id: asset.name for asset in _rows(session, AssetModel, AssetModel.name.startswith(dag_id))}
    found = _rows(session, Store, Store.asset_id.in_(names))
    return {f"{names[row.asset_id]}/{row.key}": json.loads(row.value) for row in found}


def _tests(session: Any, dag_id: str) -> list[Json]:
    from airflow.models.connection_test import ConnectionTestRequest as Test

    found = _rows(session, Test, Test.connection_id.startswith(dag_id))
    return [{"state": str(row.state), "result_message": row.result_message} for row in found]
