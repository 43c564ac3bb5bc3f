"""Rows as the Execution API tells them (Airflow: execution_api/datamodels)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fake_api.catalogue import Asset, AssetEvent, Dag
from fake_api.rows import AssetKey, Connection, DagRun, TaskInstance
from fake_api.waits import HitlDetail


def dag_run_view(run: DagRun, consumed: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A dag run; only /run says which asset events it `consumed`.

    The note is never sent, since no call loads its table. Teams need [core] multi_team.
    """
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "logical_date": run.logical_date,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "run_after": run.run_after,
        "start_date": run.start_date,
        "end_date": run.end_date,
        "clear_number": run.clear_number,
        "run_type": run.run_type,
        "state": run.state,
        "conf": None if run.conf is None else dict(run.conf),
        "triggering_user_name": run.triggering_user_name,
        "consumed_asset_events": list(consumed),
        "partition_key": run.partition_key,
        "partition_date": None,
        "note": None,
        "team_name": None,
    }


def dag_view(dag: Dag) -> dict[str, Any]:
    """A Dag, its tags in order."""
    return {
        "dag_id": dag.dag_id,
        "is_paused": dag.is_paused,
        "bundle_name": dag.bundle_name,
        "bundle_version": dag.bundle_version,
        "relative_fileloc": dag.relative_fileloc,
        "owners": dag.owners,
        "tags": sorted(dag.tags),
        "next_dagrun": dag.next_dagrun,
    }


def previous_task_instance_view(ti: TaskInstance, run: DagRun) -> dict[str, Any]:
    """A task instance as another run's one is told of."""
    return {
        "task_id": ti.task.task_id,
        "dag_id": ti.task.dag_id,
        "run_id": ti.task.run_id,
        "logical_date": run.logical_date,
        "start_date": ti.start_date,
        "end_date": ti.end_date,
        "state": ti.state,
        "try_number": ti.try_number,
        "map_index": ti.task.map_index,
        "duration": ti.duration,
    }


def breadcrumb_view(ti: TaskInstance) -> dict[str, Any]:
    """A finished task instance in a few words."""
    return {
        "task_id": ti.task.task_id,
        "map_index": ti.task.map_index,
        "state": ti.state,
        "operator": ti.task.operator,
        "duration": ti.duration,
    }


def asset_view(asset: Asset) -> dict[str, Any]:
    """An asset."""
    return {"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": dict(asset.extra)}


def asset_profile(key: AssetKey) -> dict[str, Any]:
    """An asset by what names it."""
    return {"name": key.name, "uri": key.uri, "type": "Asset"}


def asset_event_view(event: AssetEvent, asset: Asset, created: Iterable[DagRun]) -> dict[str, Any]:
    """An event, with its asset and the runs made for it."""
    return _source(event) | {
        "id": event.id,
        "timestamp": event.timestamp,
        "extra": dict(event.extra),
        "asset": asset_view(asset),
        "created_dagruns": [_created_run_view(run) for run in created],
    }


def consumed_event_view(event: AssetEvent, asset: Asset) -> dict[str, Any]:
    """An event as the run that consumed it is told."""
    return _source(event) | {
        "asset": {"name": asset.name, "uri": asset.uri, "extra": dict(asset.extra)},
        "extra": dict(event.extra),
        "source_aliases": [{"name": name} for name in event.aliases],
        "timestamp": event.timestamp,
    }


def hitl_request_view(ti_id: UUID, detail: HitlDetail) -> dict[str, Any]:
    """The question a task asks a human."""
    return {
        "ti_id": ti_id,
        "options": detail.options,
        "subject": detail.subject,
        "body": detail.body,
        "defaults": detail.defaults,
        "multiple": detail.multiple,
        "params": dict(detail.params),
        "assigned_users": [dict(user) for user in detail.assigned_users],
    }


def hitl_response_view(detail: HitlDetail) -> dict[str, Any]:
    """The human's answer, or that there is none yet."""
    return {
        "response_received": detail.responded_at is not None,
        "responded_by_user": detail.responded_by,
        "responded_at": detail.responded_at,
        "chosen_options": detail.chosen_options,
        "params_input": dict(detail.params_input),
    }


def connection_view(connection: Connection) -> dict[str, Any]:
    """A connection with its secrets."""
    return {
        "conn_id": connection.conn_id,
        "conn_type": connection.conn_type,
        "host": connection.host,
        "schema": connection.schema,
        "login": connection.login,
        "password": connection.password,
        "port": connection.port,
        "extra": connection.extra,
    }


def stored_datetime(at: datetime) -> dict[str, Any]:
    """A UTC time inside next_kwargs, in the encoding of the task SDK (Airflow: airflow.sdk.serde)."""
    zone = ["UTC", "pendulum.tz.timezone.Timezone", 1, True]
    encoded = {"__classname__": "builtins.tuple", "__version__": 1, "__data__": zone}
    data = {"timestamp": at.timestamp(), "tz": encoded}
    return {"__classname__": "datetime.datetime", "__version__": 2, "__data__": data}


def _source(event: AssetEvent) -> dict[str, Any]:
    return {
        "source_task_id": event.source_task_id,
        "source_dag_id": event.source_dag_id,
        "source_run_id": event.source_run_id,
        "source_map_index": event.source_map_index,
        "partition_key": event.partition_key,
    }


def _created_run_view(run: DagRun) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "dag_id": run.dag_id,
        "logical_date": run.logical_date,
        "start_date": run.start_date,
        "end_date": run.end_date,
        "state": run.state,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "partition_key": run.partition_key,
    }
