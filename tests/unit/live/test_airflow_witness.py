"""The triggers with which a server's database notes what becomes of its rows."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any
from zlib import crc32

from harness.control_plane import HOST
from harness.live.airflow_changes import CAUSE, Changes
from harness.live.airflow_witness import NOTES, STATELESS, TABLES, statements
from harness.model.event_kinds import misfit
from harness.model.history import Event

OLD_ID, NEW_ID = "0" * 31 + "1", "0" * 31 + "2"


def _database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(columns)}, state)")
    for table, columns in STATELESS.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    for statement in statements("sqlite"):
        connection.execute(statement)
    return connection


def _notes(connection: sqlite3.Connection) -> list[tuple[str, str | None, str | None, dict[str, object]]]:
    rows = connection.execute(f"SELECT kind, old, new, about FROM {NOTES} ORDER BY n")
    return [(kind, old, new, json.loads(about)) for kind, old, new, about in rows]


def test_every_change_of_a_state_is_noted_and_nothing_else() -> None:
    database = _database()
    database.execute("INSERT INTO edge_worker VALUES ('worker-1', 'starting')")
    database.execute("UPDATE edge_worker SET state = 'starting'")
    database.execute("UPDATE edge_worker SET state = 'idle'")
    database.execute("DELETE FROM edge_worker")
    name = {"worker_name": "worker-1"}
    assert _notes(database) == [
        ("edge_worker", None, "starting", name),
        ("edge_worker", "starting", "idle", name),
        ("edge_worker", "idle", None, name),
    ]


def test_results_and_pieces_of_logs_are_told_as_the_fake_tells_them() -> None:
    database = _database()
    database.execute("INSERT INTO xcom VALUES ('d', 't', 'r', -1, 'return_value')")
    database.execute("INSERT INTO edge_logs VALUES ('d', 't', 'r', 1, -1, '2026-01-01 00:00:01', 'abc')")
    database.execute("DELETE FROM edge_logs")
    database.execute("DELETE FROM xcom")
    changes = [[0, *note] for note in _notes(database)]
    said: list[tuple[str, dict[str, Any]]] = []

    class Witness:
        def ask(self, _do: str) -> dict[str, Any]:
            return {"changes": changes}

    def say(process: str, table: str, value: dict[str, Any], *, t: int | None = None) -> None:
        assert (process, t) != (HOST, None)
        said.append((table, value))

    asyncio.run(Changes(Witness(), say=say).read())
    names = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "cause": CAUSE}
    xcom = {**names, "key": "d/t/r/-1/return_value", "xcom_key": "return_value"}
    piece = {"log_chunk_time": "2026-01-01 00:00:01", "length": 3, "crc32": crc32(b"abc")}
    log = {**names, "try_number": 1, "key": "d/t/r/1/-1", "old": None, "new": "log chunk", **piece}
    assert said == [
        ("xcom", {**xcom, "old": None, "new": "stored"}),
        ("log", log),
        ("xcom", {**xcom, "old": "stored", "new": None}),
    ]
    for table, value in said:
        assert misfit(Event(0, 0, "server", "airflow", "ok", table, value)) is None


def test_a_retry_is_noted_with_the_id_that_the_task_instance_had() -> None:
    database = _database()
    database.execute(f"INSERT INTO task_instance VALUES ('{OLD_ID}', 'd', 't', 'r', 1, -1, NULL)")
    database.execute("UPDATE task_instance SET state = 'running'")
    database.execute(f"UPDATE task_instance SET state = 'up_for_retry', id = '{NEW_ID}'")
    noted = [(old, new, about["old_id"], about["id"]) for _, old, new, about in _notes(database)]
    assert noted == [(None, "running", OLD_ID, OLD_ID), ("running", "up_for_retry", OLD_ID, NEW_ID)]
