"""What a released Airflow's database noted, as events of the History; and what its REST API says in the end."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol
from zlib import crc32

from harness.live.airflow_runs import task_key
from harness.live.seat import SayChange

#: Who made a change is not noted: api-server and scheduler write to one database.
PROCESS, CAUSE = "airflow", "noted by the database"
READ_BACK = "read back through the REST API"
_MS = 1_000_000


class Witness(Protocol):
    """What tells `changes` when it is asked: airflow_witness.py in a process of its own."""

    def ask(self, do: str, /) -> dict[str, Any]: ...


class Changes:
    """Tells each change once, in the order in which the database applied them."""

    def __init__(self, witness: Witness, *, say: SayChange) -> None:
        self._witness, self._say = witness, say
        self._states: dict[str, str | None] = {}  # by task
        self._one_reader = asyncio.Lock()
        self._offset = time.time_ns() - time.monotonic_ns()  # the database notes the time of the wall clock

    async def read(self) -> None:
        """Tell what has changed since the last time."""
        async with self._one_reader:
            told = await asyncio.to_thread(self._witness.ask, "changes")
        for t, table, old, new, about in told["changes"]:
            if (table, new) == ("edge_logs", None):
                continue  # a log goes with its job
            value = {"old": old, "new": new, "cause": CAUSE} | _VALUES[table](about)
            if table == "task_instance":
                self._states[task_key(value)] = new
            self._say(PROCESS, _NAMES.get(table, table), value, t=t * _MS - self._offset)

    def compare(self, instance: dict[str, Any]) -> None:
        """Tell of a task instance as the REST API has it, should it differ from what was noted."""
        told = _rest_instance(instance)
        old, new = self._states.get(task_key(told)), instance["state"]
        if old != new:
            self._say(PROCESS, "task_instance", told | {"old": old, "new": new, "cause": READ_BACK})


def _rest_instance(instance: dict[str, Any]) -> dict[str, Any]:
    same = {name: instance[name] for name in ("dag_id", "task_id", "try_number", "map_index")}
    return {"key": instance["id"], "run_id": instance["dag_run_id"], **same}


def _task_instance(about: dict[str, Any]) -> dict[str, Any]:
    told = dict(about)
    now = told.pop("id")
    key = told.pop("old_id", now)
    return {"key": key, **told} | ({"new_id": now} if now != key else {})


def _edge_job(about: dict[str, Any]) -> dict[str, Any]:
    told = dict(about)
    worker = told.pop("edge_worker")
    return {"key": "/".join(str(part) for part in told.values()), **told, "worker": worker}


def _edge_worker(about: dict[str, Any]) -> dict[str, Any]:
    return {"key": about["worker_name"]}


def _dag_run(about: dict[str, Any]) -> dict[str, Any]:
    return {"key": f"{about['dag_id']}/{about['run_id']}", **about}


def _xcom(about: dict[str, Any]) -> dict[str, Any]:
    told = dict(about)
    name = told.pop("key")
    return {"key": "/".join(str(part) for part in about.values()), **told, "xcom_key": name}


def _log(about: dict[str, Any]) -> dict[str, Any]:
    told = dict(about)
    text, at = told.pop("log_chunk_data"), told.pop("log_chunk_time")
    piece = {"log_chunk_time": at, "length": len(text), "crc32": crc32(text.encode())}
    return {"key": "/".join(str(part) for part in told.values()), **told, "new": "log chunk", **piece}


_NAMES = {"edge_logs": "log"}
"""What a History calls a table, where it has another name."""
_VALUES = {
    "xcom": _xcom,
    "edge_logs": _log,
    "task_instance": _task_instance,
    "edge_job": _edge_job,
    "edge_worker": _edge_worker,
    "dag_run": _dag_run,
}
