"""Every table of a State as rows of JSON: what is dumped, and what a durable state keeps in its file."""

from collections import UserDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import JsonValue, TypeAdapter
from pydantic_core import to_json

from fake_api.catalogue import Asset, AssetEvent, Callback, ConnectionTest, Dag
from fake_api.executor import Executor
from fake_api.rows import (
    AssetKey,
    Connection,
    DagRun,
    EdgeJob,
    EdgeWorker,
    JobKey,
    TaskInstance,
    TaskKey,
    Variable,
)
from fake_api.state import State
from fake_api.stores import StoredValue
from fake_api.xcoms import XComTask

Rows = MutableMapping[Any, Any]


class Row(NamedTuple):
    """One row as JSON text."""

    table: str
    key: str
    value: str


@dataclass(frozen=True)
class Table:
    """One table: where its rows are in a State, and what keys and values they have.

    `attribute` of `owner` is a dict, or holds one as its `rows`. `put` stores a row so that indexes know of it.
    With `inner`, a value is a dict itself, from `inner` to `value`.
    """

    name: str
    key: Any
    value: Any
    place: tuple[str, ...]
    put: Callable[[State, Any, Any], None] | None = None
    inner: Any = None

    def rows(self, state: State) -> Rows:
        """The rows of this table in a State."""
        rows: Any = state
        for name in self.place:
            rows = getattr(rows, name)
        return rows  # type: ignore[no-any-return]

    def replace(self, state: State, rows: Rows) -> None:
        """Let this be the table's rows."""
        owner: Any = state
        for name in self.place[:-1]:
            owner = getattr(owner, name)
        setattr(owner, self.place[-1], rows)

    def encode(self, key: Any, value: Any) -> Row:
        """A row as JSON. NaN and infinity are kept, as Python's own JSON keeps them."""
        stored = list(value.items()) if self.inner else value
        return Row(self.name, _text(key), _text(stored))

    def encode_key(self, key: Any) -> str:
        """The key as JSON."""
        return _text(key)

    def load(self, state: State, row: Row) -> None:
        """Store a row that was encoded. Raises ValueError (pydantic's) when it is of another shape."""
        key, value = self._keys.validate_json(row.key), self._values.validate_json(row.value)
        if self.put is not None:
            self.put(state, key, value)
        else:
            self.rows(state)[key] = dict(value) if self.inner else value

    @cached_property
    def _keys(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.key)

    @cached_property
    def _values(self) -> TypeAdapter[Any]:
        inner: Any = tuple.__class_getitem__((self.inner, self.value)) if self.inner else None
        return TypeAdapter(list[inner] if self.inner else self.value)


def _text(value: Any) -> str:
    return to_json(value, inf_nan_mode="constants").decode()


#: In the order in which they are loaded.
TABLES = (
    Table("dag", str, Dag, ("dags",)),
    Table("dag_version", str, UUID, ("dag_versions",)),
    Table("dag_run", tuple[str, str], DagRun, ("dag_runs", "rows"), lambda s, _, row: s.dag_runs.put(row)),
    Table(
        "task_instance",
        UUID,
        TaskInstance,
        ("task_instances", "rows"),
        lambda s, _, row: s.task_instances.put(row),
    ),
    Table("task_instance_history", UUID, TaskInstance, ("task_instances", "history")),
    Table("rendered_fields", TaskKey, dict[str, Any], ("rendered_fields",)),
    Table("xcom", XComTask, Any, ("xcoms", "rows"), inner=tuple[str, int]),
    Table("variable", str, Variable, ("variables",)),
    Table("connection", str, Connection, ("connections",)),
    Table("callback", UUID, Callback, ("callbacks",)),
    Table("connection_test", UUID, ConnectionTest, ("connection_tests",)),
    Table("asset", AssetKey, Asset, ("assets", "rows")),
    Table("asset_alias", str, None, ("assets", "aliases"), inner=AssetKey),
    Table("asset_event", int, AssetEvent, ("assets", "events")),
    Table("task_store", TaskKey, StoredValue, ("task_store", "rows"), inner=str),
    Table("asset_store", AssetKey, StoredValue, ("asset_store", "rows"), inner=str),
    Table("edge_worker", str, EdgeWorker, ("edge_workers",)),
    Table("edge_job", JobKey, EdgeJob, ("edge_jobs", "rows"), lambda s, _, row: s.edge_jobs.put(row)),
    Table("edge_log", JobKey, str, ("edge_logs",), inner=datetime),
)
#: The attributes of a State that hold these tables.
HOLDERS = tuple(dict.fromkeys(table.place[0] for table in TABLES))


class Jobs(NamedTuple):
    """What the database knows of scheduler jobs. What an executor has in memory dies with its scheduler."""

    job_id: int
    latest_heartbeat: datetime
    started: bool
    retired: dict[int, datetime]


_JOBS: TypeAdapter[Jobs] = TypeAdapter(Jobs)
JOBS = "scheduler_job"


def encode_jobs(state: State) -> Row:
    """The scheduler jobs, as one row."""
    executor = state.executor
    jobs = Jobs(executor.job_id, executor.latest_heartbeat, state.scheduler_started, state.retired)
    return Row(JOBS, "0", _text(jobs))


def load_row(state: State, row: Row) -> None:
    """Store an encoded row of any table. Raises ValueError for one that is of another shape, or of no table."""
    if row.table == JOBS:
        jobs = _JOBS.validate_json(row.value)
        state.executor = Executor(job_id=jobs.job_id, latest_heartbeat=jobs.latest_heartbeat)
        state.scheduler_started, state.retired = jobs.started, jobs.retired
        return
    table = _BY_NAME.get(row.table)
    if table is None:
        raise ValueError(f"no table {row.table}")
    table.load(state, row)


_BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}


def encode_all(state: State) -> list[Row]:
    """Every row, table after table, each in its order."""
    rows = [table.encode(key, value) for table in TABLES for key, value in table.rows(state).items()]
    return [*rows, encode_jobs(state)]


def dump(state: State) -> dict[str, list[dict[str, JsonValue]]]:
    """Every table by name, as a list of its rows {"key", "row"}; with the secrets that are in them."""
    found: dict[str, list[dict[str, JsonValue]]] = {table.name: [] for table in TABLES}
    for row in encode_all(state):
        one = {"key": _PLAIN.validate_json(row.key), "row": _PLAIN.validate_json(row.value)}
        found.setdefault(row.table, []).append(one)
    return found


_PLAIN: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


def adopt(state: State, other: State) -> None:
    """Let a State have the tables of another one. Its own executor stays, and what that has in memory."""
    for name in HOLDERS:
        setattr(state, name, getattr(other, name))
    state.scheduler_started, state.retired = other.scheduler_started, other.retired
    state.executor.job_id = other.executor.job_id
    state.executor.latest_heartbeat = other.executor.latest_heartbeat


class Watched(UserDict[Any, Any]):
    """The rows of a table that remember which keys were touched; True means that the row was gone meanwhile."""

    def __init__(self, rows: Mapping[Any, Any]) -> None:
        self.touched: dict[Any, bool] = {}
        super().__init__()
        self.data.update(rows)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.touched.setdefault(key, False)
        self.data[key] = value

    def __delitem__(self, key: Any) -> None:
        self.touched[key] = True
        del self.data[key]
