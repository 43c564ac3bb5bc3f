"""Runs inside a server's own Airflow: sets up its database, and tells every change of a row's state in it.

A script, not a module of ours: `python airflow_witness.py` imports nothing but Airflow. It migrates the database and
serializes the Dags with Airflow's own commands, then adds a table and triggers that note each change as the database
applies it, so that no change is missed and none is seen late. It says `{"ready": true}`, and then answers each line
with the changes since the last, as one JSON object: `{"changes": [[t, table, old, new, {…}], …]}`, t in milliseconds
since 1970.
"""

from __future__ import annotations

import json
import sys
from typing import IO, Any
from uuid import UUID

NOTES = "harness_change"
#: How many numbers a note may be behind the newest when its transaction commits.
LATE = 5_000
#: The columns that name a row, by table.
TABLES: dict[str, tuple[str, ...]] = {
    "task_instance": ("id", "dag_id", "task_id", "run_id", "try_number", "map_index"),
    "edge_job": ("dag_id", "task_id", "run_id", "try_number", "map_index", "edge_worker"),
    "edge_worker": ("worker_name",),
    "dag_run": ("dag_id", "run_id"),
}
#: The same of tables whose rows have no state: they are stored, or not.
STATELESS: dict[str, tuple[str, ...]] = {
    "xcom": ("dag_id", "task_id", "run_id", "map_index", "key"),
    "edge_logs": (
        *("dag_id", "task_id", "run_id", "try_number", "map_index"),
        *("log_chunk_time", "log_chunk_data"),
    ),
}
STORED = "'stored'"
_INSERT = "INSERT INTO {notes} (t, kind, old, new, about) VALUES ({now}, '{table}', {old}, {new}, {about});"
_SQLITE = {
    "key": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "now": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "json": "json_object",
    "differ": "{} IS NOT {}",
    "trigger": "CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN {when} BEGIN {insert} END",
}
_POSTGRES = {
    "key": "BIGSERIAL PRIMARY KEY",
    "now": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    "json": "json_build_object",
    "differ": "{} IS DISTINCT FROM {}",
    "trigger": "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {insert} RETURN NULL; END $$;"
    " CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()",
}


def statements(dialect: str) -> list[str]:
    """The SQL that makes the database take notes."""
    sql = _SQLITE if dialect == "sqlite" else _POSTGRES
    made = [
        f"CREATE TABLE {NOTES} (n {sql['key']}, t BIGINT, kind TEXT, old TEXT, new TEXT, about TEXT)",
    ]
    for table in TABLES:
        changed = sql["differ"].format("OLD.state", "NEW.state")
        made += [
            _trigger(sql, table, "INSERT", "NEW.state IS NOT NULL", old="NULL", new="NEW.state", row="NEW"),
            _trigger(sql, table, "UPDATE", changed, old="OLD.state", new="NEW.state", row="NEW"),
            _trigger(sql, table, "DELETE", "OLD.state IS NOT NULL", old="OLD.state", new="NULL", row="OLD"),
        ]
    for table in STATELESS:
        made += [
            _trigger(sql, table, "INSERT", "1 = 1", old="NULL", new=STORED, row="NEW"),
            _trigger(sql, table, "DELETE", "1 = 1", old=STORED, new="NULL", row="OLD"),
        ]
    return made


def _trigger(sql: dict[str, str], table: str, event: str, when: str, *, old: str, new: str, row: str) -> str:
    pairs = [f"'{column}', {row}.{column}" for column in (TABLES | STATELESS)[table]]
    if table == "task_instance" and event == "UPDATE":  # a retry is a new row to everybody but the database
        pairs.append("'old_id', OLD.id")
    about = f"{sql['json']}({', '.join(pairs)})"
    insert = _INSERT.format(notes=NOTES, now=sql["now"], table=table, old=old, new=new, about=about)
    name = f"harness_{table}_{event.lower()}"
    return sql["trigger"].format(name=name, event=event, table=table, when=when, insert=insert)


def changes(engine: Any, told: set[int]) -> list[Any]:
    """The notes that are not among those `told` by their numbers; now they are.

    A number is given before its transaction commits, so a note may come to light after notes with higher ones.
    """
    from sqlalchemy import text

    with engine.connect() as connection:
        query = text(f"SELECT n, t, kind, old, new, about FROM {NOTES} WHERE n > :since ORDER BY n")  # noqa: S608
        rows = connection.execute(query, {"since": max(told, default=0) - LATE}).all()
    new = [row for row in rows if row[0] not in told]
    told.update(row[0] for row in new)
    return [[t, table, old, state, _about(json.loads(about))] for _, t, table, old, state, about in new]


def _about(row: dict[str, Any]) -> dict[str, Any]:
    # SQLite keeps a UUID without its dashes
    return row | {name: str(UUID(row[name])) for name in ("id", "old_id") if name in row}


def _airflow(*command: str) -> None:
    from airflow.__main__ import main

    sys.argv = ["airflow", *command]
    main()


def main(requests: IO[str], answers: IO[str]) -> None:
    """Set up, then tell the changes whenever asked."""
    _airflow("db", "migrate")
    _airflow("dags", "reserialize")
    from airflow import settings
    from sqlalchemy import text

    engine = settings.engine
    assert engine is not None, "the commands above have made it"
    with engine.begin() as connection:
        for statement in statements(engine.dialect.name):
            connection.execute(text(statement))
    _say(answers, {"ready": True})
    told: set[int] = set()
    for _ in requests:
        _say(answers, {"changes": changes(engine, told)})


def _say(answers: IO[str], told: dict[str, Any]) -> None:
    answers.write(json.dumps(told) + "\n")
    answers.flush()


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # Airflow logs to stdout, which is for answers only
    main(sys.stdin, answers)
