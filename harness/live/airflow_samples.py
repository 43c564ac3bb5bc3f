"""The states of a server's rows, asked for now and then through its REST API: what lies between is not seen."""

from __future__ import annotations

from typing import Any

from harness.live.airflow_rest import AirflowRest
from harness.live.airflow_runs import DagRuns
from harness.live.seat import SayChange
from harness.model.plan import Plan

PROCESS, CAUSE = "airflow", "seen through the REST API"
Row = tuple[str, str, dict[str, Any]]
"""The table, the name of the row, and what its event says besides; `state` is taken out of it."""


class Samples:
    """Tells the difference between two looks. Every event has `sampled`: true."""

    def __init__(self, rest: AirflowRest, plan: Plan, runs: DagRuns, *, say: SayChange) -> None:
        self._rest, self._runs, self._say = rest, runs, say
        self._workers = {worker.name for worker in plan.workers}
        self._seen: dict[tuple[str, str], tuple[str | None, str]] = {}

    async def look(self) -> None:
        """Ask for everything, and tell what has changed."""
        rows = [*await self._task_instances(), *await self._jobs(), *await self._workers_rows()]
        for table, name, value in rows:
            state, key = value.pop("state"), value["key"]
            old, before = self._seen.get((table, name), (None, key))
            self._seen[table, name] = state, key
            if state != old or key != before:
                moved = {"key": before, "new_id": key} if key != before else {}
                told = {**value, **moved, "old": old, "new": state, "cause": CAUSE, "sampled": True}
                self._say(PROCESS, table, told)

    async def _task_instances(self) -> list[Row]:
        rows: list[Row] = []
        for ti in await self._runs.instances():
            names = {name: ti[name] for name in ("dag_id", "task_id", "try_number", "map_index", "state")}
            value = {"key": ti["id"], "run_id": ti["dag_run_id"], **names}
            rows.append(("task_instance", f"{ti['dag_id']}/{ti['task_id']}/{ti['dag_run_id']}", value))
        return rows

    async def _jobs(self) -> list[Row]:
        rows: list[Row] = []
        for dag_id, run_id in self._runs.names:
            found = await self._rest.call("GET", "/edge_worker/ui/jobs", dag_id_pattern=dag_id)
            for job in found["jobs"]:
                if (job["dag_id"], job["run_id"]) == (dag_id, run_id):
                    named = ("dag_id", "task_id", "run_id", "try_number", "map_index")
                    key = "/".join(str(job[name]) for name in named)
                    value = {name: job[name] for name in (*named, "state")}
                    rows.append(("edge_job", key, {"key": key, **value, "worker": job["edge_worker"]}))
        return rows

    async def _workers_rows(self) -> list[Row]:
        found = await self._rest.call("GET", "/edge_worker/ui/worker")
        mine = [each for each in found["workers"] if each["worker_name"] in self._workers]
        return [
            ("edge_worker", each["worker_name"], {"key": each["worker_name"], "state": each["state"]})
            for each in mine
        ]
