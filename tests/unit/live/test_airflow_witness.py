"""The triggers with which a server's database notes what becomes of its rows."""

from __future__ import annotations

import json
import sqlite3

from harness.live.airflow_witness import NOTES, TABLES, statements

OLD_ID, NEW_ID = "0" * 31 + "1", "0" * 31 + "2"


def _database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(columns)}, state)")
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


def test_a_retry_is_noted_with_the_id_that_the_task_instance_had() -> None:
    database = _database()
    database.execute(f"INSERT INTO task_instance VALUES ('{OLD_ID}', 'd', 't', 'r', 1, -1, NULL)")
    database.execute("UPDATE task_instance SET state = 'running'")
    database.execute(f"UPDATE task_instance SET state = 'up_for_retry', id = '{NEW_ID}'")
    noted = [(old, new, about["old_id"], about["id"]) for _, old, new, about in _notes(database)]
    assert noted == [(None, "running", OLD_ID, OLD_ID), ("running", "up_for_retry", OLD_ID, NEW_ID)]
