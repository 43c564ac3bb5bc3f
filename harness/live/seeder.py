"""Runs inside an Airflow's own environment: fills its database for a case, and reads it afterwards.

A script, not a module of ours: `python seeder.py` imports nothing but Airflow. It migrates the database, says
`{"ready": true}`, and then answers one JSON object a line with one JSON object a line; its protocol is `COMMANDS`.
What it does to the database is what scheduler and DAG processor would have done, through Airflow's own models.
"""

from __future__ import annotations

import json
import runpy
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

Json = dict[str, Any]


def seed(session: Any, request: Json) -> Json:
    """Write what a Seed (harness.conformance.case) says, under the Dag `dag_id`; answers the ids of what was made."""
    dag_id, wanted = request["dag_id"], request["seed"]
    _assets(session, dag_id, wanted["assets"])
    dag = _dag(session, dag_id, wanted)
    ids: Json = {}
    for run in wanted["runs"]:
        ids |= _run(session, dag, run, wanted["tasks"])
    for each in wanted["xcoms"]:
        _xcom(session, dag_id, each)
    _names(session, dag_id, wanted)
    if wanted["connection_test"]:
        ids["test"] = _connection_test(session, dag_id)
    return {"ids": ids}


def _dag(session: Any, dag_id: str, wanted: Json) -> Any:
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dag import DagModel
    from airflow.models.dagbag import DBDagBag
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, Asset, TaskGroup
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    fields = dict(wanted["dag"])
    fail_fast = fields.pop("fail_fast", False)
    dag = DAG(dag_id, schedule=None, start_date=datetime.fromisoformat("2019-01-01T00:00:00+00:00"),
              fail_fast=fail_fast, default_args={})  # fmt: skip
    dag.fileloc, dag.relative_fileloc = __file__, "dag.py"  # some file that there is: its source is stored
    groups: Json = {}

    def asset(name: str) -> Any:
        return Asset(name=f"{dag_id}-{name}", uri=f"s3://{dag_id}/{name}")

    with dag:
        for task in wanted["tasks"]:
            group = task["group"]
            if group and group not in groups:
                groups[group] = TaskGroup(group, prefix_group_id=False)
            EmptyOperator(
                task_id=task["name"],
                retries=task["retries"],
                task_group=groups.get(group),
                inlets=[asset(name) for name in task["inlets"]],
                outlets=[asset(name) for name in task["outlets"]],
            )
    lazy = LazyDeserializedDAG.from_dag(dag)
    update_dag_parsing_results_in_db("dags-folder", None, [lazy], {}, None, set(), session)
    session.flush()
    model = session.get(DagModel, dag_id)
    for name, value in ({"is_paused": False} | fields).items():
        setattr(model, name, value)
    session.flush()
    for each in wanted["assets"]:
        _activate(session, dag_id, each)
    return DBDagBag().get_latest_version_of_dag(dag_id, session=session)


def _assets(session: Any, dag_id: str, assets: list[Json]) -> None:
    from airflow.models.asset import AssetAliasModel, AssetModel

    for each in assets:
        row = AssetModel(
            name=f"{dag_id}-{each['name']}", uri=f"s3://{dag_id}/{each['name']}", group="asset", extra={}
        )
        session.add(row)
        if each["alias"]:
            session.add(AssetAliasModel(name=f"{dag_id}-{each['alias']}", group="asset", assets=[row]))
    session.flush()


def _activate(session: Any, dag_id: str, asset: Json) -> None:
    from airflow.models.asset import AssetActive
    from sqlalchemy import delete

    name, uri = f"{dag_id}-{asset['name']}", f"s3://{dag_id}/{asset['name']}"
    session.execute(delete(AssetActive).where(AssetActive.name == name, AssetActive.uri == uri))
    if asset["active"]:
        session.add(AssetActive(name=name, uri=uri))
    session.flush()


def _run(session: Any, dag: Any, run: Json, tasks: list[Json]) -> Json:
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    date = datetime.fromisoformat(run["logical_date"]) if run["logical_date"] else None
    created = dag.create_dagrun(
        run_id=run["name"],
        logical_date=date,
        data_interval=(date, date) if date else None,
        run_after=date or datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="seed",
        state=DagRunState.RUNNING,
        conf=run["conf"],
        partition_key=run["partition_key"],
        session=session,
    )
    created.set_state(DagRunState(run["state"]))
    created.conf = run["conf"]
    created.start_date = created.run_after
    created.end_date = created.run_after if run["state"] in ("success", "failed") else None
    session.flush()
    instances = {ti.task_id: ti for ti in created.get_task_instances(session=session)}
    ids: Json = {}
    for task in tasks:
        ids |= _instances(session, instances[task["name"]], task, run["name"])
    _consume(session, dag.dag_id, created, run["consumed"])
    return ids


def _instances(session: Any, ti: Any, task: Json, run: str) -> Json:
    from airflow.models.taskinstance import TaskInstance, uuid7

    indexes = range(task["mapped"]) if task["mapped"] else (-1,)
    ids: Json = {}
    for index in indexes:
        if index > 0:
            values = {
                each.key: getattr(ti, each.key) for each in ti.__mapper__.column_attrs if each.key != "id"
            }
            ti = TaskInstance.__new__(TaskInstance)
            TaskInstance.__mapper__.class_manager.setup_instance(ti)
            for name, value in values.items():
                setattr(ti, name, value)
            ti.id = uuid7()
            session.add(ti)
        ti.map_index, ti.state = index, task["state"]
        ti.try_number = 1 if task["state"] else 0
        ti.unixname = None
        session.flush()
        name = task["name"] if index < 0 else f"{task['name']}.{index}"
        ids[name if run == "r" else f"{run}.{name}"] = str(ti.id)
    return ids


def _consume(session: Any, dag_id: str, run: Any, assets: list[str]) -> None:
    from airflow.models.asset import AssetEvent, AssetModel

    for name in assets:
        asset = session.scalar(_select(AssetModel).where(AssetModel.name == f"{dag_id}-{name}"))
        event = AssetEvent(asset_id=asset.id, extra={"x": 1}, timestamp=run.run_after)
        session.add(event)
        run.consumed_asset_events.append(event)
    session.flush()


def _xcom(session: Any, dag_id: str, each: Json) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel

    where = {"dag_id": dag_id, "run_id": each["run"]}
    run = session.scalar(_select(DagRun).filter_by(**where))
    more = {name: each[name] for name in ("key", "value", "map_index")}
    session.add(XComModel(dag_run_id=run.id, task_id=each["task"], **where, **more))
    session.flush()


def _select(model: Any) -> Any:
    from sqlalchemy import select

    return select(model)


def _names(session: Any, dag_id: str, wanted: Json) -> None:
    from airflow.models.connection import Connection
    from airflow.models.variable import Variable

    for name, value in wanted["variables"].items():
        session.add(Variable(key=f"{dag_id}-{name}", val=value))
    for name, fields in wanted["connections"].items():
        session.add(Connection(conn_id=f"{dag_id}-{name}", **fields))


def _connection_test(session: Any, dag_id: str) -> str:
    from airflow.models.connection_test import ConnectionTestRequest

    test = ConnectionTestRequest(
        connection_id=f"{dag_id}-tested",
        conn_type="http",
        host="h",
        password="p",  # noqa: S106 - a made-up one
        commit_on_success=True,
    )
    session.add(test)
    session.flush()
    return str(test.id)


def clear(session: Any, request: Json) -> Json:
    """Clear a task instance as a user does; answers nothing, its new id is in the state."""
    from airflow.models.taskinstance import TaskInstance, clear_task_instances

    clear_task_instances([session.get(TaskInstance, UUID(request["id"]))], session)
    return {}


#: By path, not by import: this runs where no module of ours can be found.
_ROWS = runpy.run_path(str(Path(__file__).with_name("seeder_rows.py")))
COMMANDS = {"seed": seed, "clear": clear, "state": _ROWS["state"]}


def _answer(line: str) -> Json:
    from airflow.utils.session import create_session

    request = json.loads(line)
    with create_session() as session:
        answer: Json = COMMANDS[request["do"]](session, request)
        return answer


def _as_json(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def main(requests: IO[str], answers: IO[str]) -> None:
    """Migrate, then serve requests until they end. An error is an answer too: `{"error": traceback}`."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.utils.db import initdb

    initdb()
    DagBundlesManager().sync_bundles_to_db()
    answers.write('{"ready": true}\n')
    answers.flush()
    for line in requests:
        try:
            told = _answer(line)
        except Exception:  # noqa: BLE001 - whoever asked is told, in another process
            told = {"error": traceback.format_exc()}
        answers.write(json.dumps(told, default=_as_json) + "\n")
        answers.flush()


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # Airflow logs to stdout, which is for answers only
    main(sys.stdin, answers)
