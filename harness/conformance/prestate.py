"""Puts what a recording says had been there into the fake."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fake_api import State, TaskSpec
from fake_api.catalogue import AssetEvent
from fake_api.names import EdgeWorkerState, TaskInstanceState
from fake_api.outcome import Outcome
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
from fake_api.waits import HitlDetail, TaskReschedule
from fake_api.xcoms import XComTask
from harness.conformance.drafts import Draft, Json, TaskDraft

_DATES = ["logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date"]


class Ids:
    """Ids for a State: the ones that are asked for next, then a count."""

    def __init__(self) -> None:
        self.wanted: list[UUID] = []
        self.count = 0

    def __call__(self) -> UUID:
        if self.wanted:
            return self.wanted.pop(0)
        self.count += 1
        return UUID(int=self.count)


def seed(state: State, draft: Draft) -> None:
    """Make every row of the draft."""
    _dags(state, draft)
    _runs(state, draft)
    for ti_id, task in draft.tasks.items():
        _task_instance(state, UUID(ti_id), task, draft.questions.get(ti_id))
    for task in draft.named.values():
        if state.task_instances.find(_key(task)) is None:
            _task_instance(state, state.new_id(), task, None)
    _assets(state, draft)
    _successes(state, draft)
    for key, value in draft.variables.items():
        state.variables[key] = Variable(val=value)
    for row in draft.connections.values():
        state.put(_connection(row))
    _xcoms(state, draft)
    for ti_id, name in draft.task_store:
        task = draft.tasks[ti_id]
        state.task_store.set(_key(task), name, draft.task_store[ti_id, name])
    for test_id, row in draft.tests.items():
        _connection_test(state, test_id, row)
    for name, row in draft.workers.items():
        worker = EdgeWorker(worker_name=name, state=EdgeWorkerState(row["state"]), last_update=state.now())
        state.apply(Outcome(rows=(worker,)))


def queue_job(state: State, ids: Ids, job: Mapping[str, Any]) -> None:
    """What the scheduler does before a worker fetches this job."""
    command, told = job["command"], job["command"].get("ti") or {}
    spec = TaskSpec(
        dag_id=job["dag_id"],
        task_id=job["task_id"],
        run_id=job["run_id"],
        map_index=job["map_index"],
        dag_rel_path=command.get("dag_rel_path", "dag.py"),
        **{name: told[name] for name in ("queue", "pool_slots", "priority_weight") if name in told},
    )
    state.add_dag(job["dag_id"], relative_fileloc=spec.dag_rel_path)
    state.ensure_dag_run(spec.dag_id, spec.run_id)
    row = state.task_instances.find(spec.primary)
    if row is None:
        ids.wanted = [UUID(told["id"])] if told.get("id") else []
        row = TaskInstance(id=state.new_id(), task=spec, try_number=job["try_number"] - 1, max_tries=0)
    state.queue(replace(row, task=spec, state=None, try_number=job["try_number"] - 1), cause="submit")


def list_jobs(state: State, made: Sequence[Json], gone: Sequence[Sequence[str]]) -> None:
    """What the scheduler did to edge jobs: made these, as an administrator sees them, and purged those."""
    for told in made:
        job = EdgeJob(
            key=JobKey(*(told[name] for name in JobKey._fields)),
            state=TaskInstanceState(told["state"]),
            queue=told["queue"],
            concurrency_slots=1,
            priority_weight=1,
            command="{}",
            queued_dttm=datetime.fromisoformat(told["queued_dttm"]),
            edge_worker=told["edge_worker"],
        )
        state.apply(Outcome(rows=(job,)))
    state.apply(
        Outcome(deleted=tuple(job.key for job in state.edge_jobs if tuple(map(str, job.key)) in gone))
    )


def order(state: State, done: Mapping[str, Any]) -> None:
    """What an administrator does to an edge worker."""
    changed: Json = {name: value for name, value in done.items() if name != "worker"}
    if "state" in changed:
        changed["state"] = EdgeWorkerState(changed["state"])
    if changed.get("queues"):
        changed["queues"] = tuple(changed["queues"])
    state.apply(Outcome(rows=(replace(state.edge_workers[done["worker"]], **changed),)))


def _dags(state: State, draft: Draft) -> None:
    tasks = [*draft.tasks.values(), *draft.named.values()]
    for dag_id, told in draft.dags.items():
        known = {name: value for name, value in told.items() if name != "dag_id"}
        if "tags" in known:
            known["tags"] = tuple(known["tags"])
        names = dict.fromkeys(task.task_id for task in tasks if task.dag_id == dag_id and task.task_id)
        specs = tuple(TaskSpec(dag_id=dag_id, task_id=name, run_id="") for name in names)
        if ("stale", dag_id) in draft.touched:
            known["is_stale"] = True
        state.add_dag(dag_id, tasks=specs, **_parsed(known))


def _runs(state: State, draft: Draft) -> None:
    for maker, user in draft.makers.values():
        if task := draft.tasks.get(maker):
            draft.runs.get((str(task.dag_id), str(task.run_id)), {}).setdefault("triggering_user_name", user)
    for (dag_id, run_id), told in draft.runs.items():
        names = {each.name for each in fields(DagRun)} - {"dag_id", "run_id", "consumed_asset_events"}
        known = _parsed({name: value for name, value in told.items() if name in names})
        events = tuple(_event(state, each) for each in told.get("consumed_asset_events") or ())
        state.add_dag_run(dag_id, run_id, consumed_asset_events=events, **known)
    for dag_id, count in draft.fillers.items():
        had = sum(1 for run in state.dag_runs if run.dag_id == dag_id)
        for days in range(1, count - had + 1):
            state.add_dag_run(dag_id, f"earlier_{days}", logical_date=draft.began - timedelta(days=days))


def _successes(state: State, draft: Draft) -> None:
    """A successful run with these dates, for each task instance that was told of one that is not known."""
    for ti_id, told in draft.successes.items():
        task, dates = draft.tasks[ti_id], _parsed(told)
        known = [run for run in state.dag_runs if run.dag_id == task.dag_id and run.state == "success"]
        own = state.dag_runs[_key(task).dag_id, _key(task).run_id]
        if not known and own.logical_date and any(dates.values()):
            before = own.logical_date - timedelta(seconds=1)
            others = [(key, told) for key, told in draft.runs.items() if key != (own.dag_id, own.run_id)]
            untold = [run_id for (dag_id, run_id), told in others if dag_id == own.dag_id and not told]
            name = next(iter(untold), "succeeded")
            state.add_dag_run(own.dag_id, name, state="success", logical_date=before, **dates)


def _key(task: TaskDraft) -> TaskKey:
    assert task.dag_id
    assert task.task_id
    assert task.run_id
    return TaskKey(task.dag_id, task.task_id, task.run_id, task.map_index)


def _task_instance(state: State, ti_id: UUID, task: TaskDraft, question: Json | None) -> None:
    key, told = _key(task), _parsed(task.fields)
    spec = TaskSpec(
        dag_id=key.dag_id,
        task_id=key.task_id,
        run_id=key.run_id,
        map_index=key.map_index,
        retries=task.retries,
        operator=told.get("operator"),
        inlets=tuple(AssetKey(*each) for each in told.get("inlets", ())),
    )
    now = state.now()
    row = TaskInstance(
        id=ti_id,
        task=spec,
        try_number=task.try_number,
        max_tries=task.retries,
        state=TaskInstanceState(task.state) if task.state else None,
        hostname=task.hostname,
        unixname=task.unixname,
        pid=task.pid,
        start_date=told.get("start_date") or (now if task.state == "running" else None),
        end_date=told.get("end_date"),
        duration=told.get("duration"),
        next_method=told.get("next_method"),
        next_kwargs=told.get("next_kwargs"),
        reschedules=(TaskReschedule(start_date=now, end_date=now, reschedule_date=now),) * task.reschedules,
        hitl=_question(question) if question else None,
    )
    state.apply(Outcome(rows=(row,)))
    if task.archived:
        state.task_instances.archive(row)


def _xcoms(state: State, draft: Draft) -> None:
    """The values that were pulled, and those that /run told of by their keys only, in its order."""
    for task in draft.tasks.values():
        key = _key(task)
        for name in task.fields.get("xcom_keys", ()):
            state.xcoms.set(XComTask(key.dag_id, key.run_id, key.task_id), name, key.map_index, None)
    for (dag_id, run_id, task_id, name, index), value in draft.xcoms.items():
        owner = XComTask(dag_id, run_id, task_id)
        known = state.xcoms.values(owner, name)
        # the first of a slice is all there is of a task that is not mapped
        state.xcoms.set(owner, name, -1 if index == 0 and known.keys() == {-1} else index, value)


def _question(told: Json) -> HitlDetail:
    at = told.get("responded_at")
    return HitlDetail(
        options=tuple(told.get("chosen_options") or ("yes",)),
        subject="",
        responded_at=datetime.fromisoformat(at) if at else None,
        responded_by=told.get("responded_by_user"),
        chosen_options=tuple(told.get("chosen_options") or ()) if at else (),
        params_input=told.get("params_input") or {},
    )


def _assets(state: State, draft: Draft) -> None:
    keys: dict[str, AssetKey] = {}
    for (name, uri), told in draft.assets.items():
        more = {field: told[field] for field in ("group", "extra") if field in told}
        asset = state.add_asset(name, uri, active=told["active"], **more)
        keys |= {name: asset.key, uri: asset.key}
    for alias, assets in draft.aliases.items():
        for each in assets:
            state.assets.link(alias, AssetKey(*each))
    for event in sorted(draft.events, key=lambda each: str(each["timestamp"])):
        _consume(state, _event(state, event), event["created_dagruns"])
    for (name, key), value in draft.asset_store.items():
        state.asset_store.set(keys[name], key, value)


def _consume(state: State, event: int, runs: Sequence[Json]) -> None:
    """These runs were made for the event."""
    for told in runs:
        names = told["dag_id"], told["run_id"]
        run = state.dag_runs.get(names)
        if run is None:
            known = {name: value for name, value in told.items() if name not in ("dag_id", "run_id")}
            run = state.add_dag_run(*names, **_parsed(known))
        if event not in run.consumed_asset_events:
            state.put(replace(run, consumed_asset_events=(*run.consumed_asset_events, event)))


def _event(state: State, told: Json) -> int:
    key = AssetKey(told["asset"]["name"], told["asset"]["uri"])
    if state.assets.get(key) is None:
        state.add_asset(*key, extra=told["asset"].get("extra") or {})
    names = ("source_dag_id", "source_task_id", "source_run_id", "source_map_index", "partition_key", "extra")
    aliases = {each["name"] for each in told.get("source_aliases") or ()} | {told.get("alias")} - {None}
    at = datetime.fromisoformat(told["timestamp"])
    for known in state.assets.events.values():
        if (known.asset, known.timestamp, known.source_run_id) == (key, at, told.get("source_run_id")):
            return known.id
    event = AssetEvent(
        asset=key,
        timestamp=at,
        aliases=tuple(sorted(each for each in aliases if each)),
        **{name: told[name] for name in names if name in told},
    )
    return state.assets.add_event(event).id


def _connection(told: Json) -> Connection:
    names = {each.name for each in fields(Connection)}
    row = {"conn_type": "generic", "conn_id": "tested"} | {name: told[name] for name in names & told.keys()}
    if isinstance(row.get("extra"), Mapping):
        row["extra"] = json.dumps(row["extra"])
    return Connection(**row)


def _connection_test(state: State, test_id: str, told: Json) -> None:
    state.add_connection_test(
        UUID(test_id),
        _connection(told),
        state=told["state"],
        commit_on_success=told.get("commit_on_success", False),
    )


def _parsed(told: Mapping[str, Any]) -> Json:
    dates = {*_DATES, "next_dagrun"}
    return {name: _date(value) if name in dates else value for name, value in told.items()}


def _date(value: Any) -> Any:
    """A date of a row; None for a text that is none, which no server has stored."""
    with suppress(ValueError):
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    return None
