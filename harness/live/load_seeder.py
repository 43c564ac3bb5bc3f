"""Runs inside an Airflow's own environment: queues tasks in bulk, with an edge job each, as scheduler and EdgeExecutor do.

A script, not a module of ours: it imports nothing but Airflow. For a server of your own, in its environment and with its
configuration:

    python load_seeder.py --count 1000 --queue default > workloads.jsonl

queues that many and prints their workloads, a line each; the server's users need no Dag for it, and its scheduler should
not run meanwhile: it takes back what it has not queued itself. Without options it migrates the database, says
`{"ready": true}`, and answers each line, a document as POST /admin/seed of `harness serve` takes it, with what was made.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

Json = dict[str, Any]
#: Task instances of one run.
BATCH = 250
_MADE: dict[tuple[str, ...], Any] = {}


def seed(session: Any, document: Json) -> Json:
    """Make what a document says: `variables`, `connections` and `task_instances` of one queue; answers the latter."""
    _content(session, document)
    instances = document.get("task_instances", [])
    runs: dict[tuple[str, str, str], list[str]] = {}
    for each in instances:
        name = (each["dag_id"], each["run_id"], each.get("queue", "default"))
        runs.setdefault(name, []).append(each["task_id"])
    made = [
        one
        for (dag_id, run_id, queue), tasks in runs.items()
        for one in _run(session, dag_id, run_id, queue, tasks)
    ]
    return {"task_instances": [_told(workload) for workload in made]}


def _run(session: Any, dag_id: str, run_id: str, queue: str, tasks: list[str]) -> list[Any]:
    from airflow.executors.base_executor import BaseExecutor
    from airflow.executors.workloads import ExecuteTask
    from airflow.models.taskinstance import TaskInstance
    from airflow.providers.edge3.models.edge_job import EdgeJobModel
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import update

    now = datetime.now(UTC)
    dag = _dag(session, dag_id, tasks)
    run = dag.create_dagrun(
        run_id=run_id,
        logical_date=None,
        data_interval=None,
        run_after=now,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="load",
        state="running",
        session=session,
    )
    session.flush()
    mine = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    queued = {"state": "queued", "try_number": 1, "queue": queue, "queued_dttm": now}
    session.execute(update(TaskInstance).where(*mine).values(**queued))
    session.expire_all()
    generator = BaseExecutor().jwt_generator
    made = [
        ExecuteTask.make(ti, dag_rel_path=Path("load.py"), generator=generator)
        for ti in run.get_task_instances(session=session)
    ]
    session.add_all(
        EdgeJobModel(
            dag_id=dag_id,
            task_id=each.ti.task_id,
            run_id=run_id,
            map_index=each.ti.map_index,
            try_number=1,
            state="queued",
            queue=queue,
            concurrency_slots=1,
            command=each.model_dump_json(),
        )
        for each in made
    )
    return made


def _dag(session: Any, dag_id: str, tasks: list[str]) -> Any:
    key = (dag_id, *sorted(tasks))
    if key not in _MADE:
        _MADE[key] = _serialized(session, dag_id, tasks)
    return _MADE[key]


def _serialized(session: Any, dag_id: str, tasks: list[str]) -> Any:
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dagbag import DBDagBag
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    dag = DAG(dag_id, schedule=None, start_date=datetime(2025, 1, 1, tzinfo=UTC))
    dag.fileloc, dag.relative_fileloc = __file__, "load.py"  # some file that there is: its source is stored
    with dag:
        for task in tasks:
            EmptyOperator(task_id=task)
    lazy = LazyDeserializedDAG.from_dag(dag)
    update_dag_parsing_results_in_db("dags-folder", None, [lazy], {}, None, set(), session)
    session.flush()
    return DBDagBag().get_latest_version_of_dag(dag_id, session=session)


def _content(session: Any, document: Json) -> None:
    from airflow.models.connection import Connection
    from airflow.models.variable import Variable
    from sqlalchemy import delete

    for each in document.get("variables", []):
        session.execute(delete(Variable).where(Variable.key == each["key"]))
        session.add(Variable(key=each["key"], val=each["val"]))
    for each in document.get("connections", []):
        session.execute(delete(Connection).where(Connection.conn_id == each["conn_id"]))
        session.add(Connection(**each))
    session.flush()


def _told(workload: Any) -> Json:
    ti = workload.ti
    names = ("dag_id", "task_id", "run_id", "map_index", "try_number")
    told = {name: getattr(ti, name) for name in names}
    return told | {"id": str(ti.id), "workload_token": workload.token}


def _answer(line: str) -> Json:
    from airflow.utils.session import create_session

    with create_session() as session:
        return seed(session, json.loads(line))


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Migrate, then serve documents until they end. An error is an answer too: `{"error": traceback}`."""
    _airflow("db", "migrate")
    _sync()
    for line in itertools.chain([""], requests):
        try:
            told = _answer(line) if line else {"ready": True}
        except Exception:  # noqa: BLE001 - whoever asked is told, in another process
            told = {"error": traceback.format_exc()}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def print_workloads(count: int, queue: str, answers: IO[str]) -> None:
    """Queue that many tasks, and print their workloads."""
    from airflow.utils.session import create_session

    _sync()
    for begin in range(0, count, BATCH):
        tasks = [f"task-{number}" for number in range(min(BATCH, count - begin))]
        with create_session() as session:
            made = _run(session, "load", f"load-{uuid4().hex[:12]}", queue, tasks)
        answers.writelines(each.model_dump_json() + "\n" for each in made)


def _sync() -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    DagBundlesManager().sync_bundles_to_db()


def _airflow(*command: str) -> None:
    from airflow.__main__ import main

    sys.argv = ["airflow", *command]
    main()


def main() -> None:
    """Serve, or with --count queue that many at once."""
    parser = argparse.ArgumentParser(description="Queue tasks in bulk in this environment's Airflow.")
    parser.add_argument("--count", type=int, help="so many tasks")
    parser.add_argument("--queue", default="default", help="their queue (default: default)")
    arguments = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # Airflow logs to stdout, which is for answers only
    if arguments.count is None:
        serve(sys.stdin, answers)
    else:
        print_workloads(arguments.count, arguments.queue, answers)


if __name__ == "__main__":
    main()
