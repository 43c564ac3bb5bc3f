"""Applies a seed document to a State: all of it, or nothing."""

import json
from collections.abc import Iterator
from typing import Any

from fake_api.admin.documents import (
    EdgeJobSeed,
    SeedDocument,
    Seeded,
    SeededTaskInstance,
    TaskInstanceSeed,
)
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome, edge_job_moved
from fake_api.rows import Connection, EdgeJob, JobKey, TaskKey, TaskSpec, Variable
from fake_api.state import State
from fake_api.xcoms import XComTask


def problems(document: SeedDocument, state: State) -> list[dict[str, Any]]:
    """What is wrong with a document, as pydantic tells it; nothing when it can be applied."""
    return [
        {"type": "value_error", "loc": ["body", *where], "msg": text}
        for where, text in (
            *_twice(document),
            *_there_already(document, state),
            *_missing_runs(document, state),
        )
    ]


def apply_seed(document: SeedDocument, state: State) -> Seeded:
    """Put a document without problems into the state."""
    for dag in document.dags:
        state.add_dag(**dag.model_dump())
    for run in document.runs:
        _ensure_dag(state, run.dag_id)
        state.add_dag_run(**run.model_dump(exclude_unset=True))
    for asset in document.assets:
        state.add_asset(**asset.model_dump())
    for variable in document.variables:
        state.variables[variable.key] = Variable(**variable.model_dump(exclude={"key"}))
    for connection in document.connections:
        state.put(Connection(**connection.model_dump(by_alias=True)))
    seeded = [_submit(each, state) for each in document.task_instances]
    for xcom in document.xcoms:
        task = XComTask(xcom.dag_id, xcom.run_id, xcom.task_id)
        state.xcoms.set(task, xcom.key, xcom.map_index, xcom.value)
    for job in document.edge_jobs:
        _queue(job, state)
    return Seeded(task_instances=seeded)


def _ensure_dag(state: State, dag_id: str) -> None:
    if dag_id not in state.dags:
        state.add_dag(dag_id)


def _submit(seed: TaskInstanceSeed, state: State) -> SeededTaskInstance:
    ti_id = state.submit(TaskSpec(**seed.model_dump()))
    ti = state.task_instances.get(ti_id)
    job = state.edge_jobs.get(ti.key) if ti else None
    if ti is None or job is None:
        raise AssertionError(f"{seed} was submitted and is not there")
    return SeededTaskInstance(
        **ti.key._asdict(),
        id=ti_id,
        token=state.token(ti_id),
        workload_token=json.loads(job.command)["token"],
    )


def _queue(seed: EdgeJobSeed, state: State) -> None:
    now = state.now()
    job = EdgeJob(
        key=_job_key(seed),
        state=TaskInstanceState.QUEUED,
        queue=seed.queue,
        concurrency_slots=seed.concurrency_slots,
        priority_weight=seed.priority_weight,
        command=json.dumps(seed.command, separators=(",", ":")),
        queued_dttm=now,
    )
    state.apply(Outcome(rows=(job,), changes=edge_job_moved(None, job, at=now, cause="seed")))


Problem = tuple[tuple[str | int, ...], str]


def _twice(document: SeedDocument) -> Iterator[Problem]:
    for name, keys in _keys(document).items():
        for position, key in enumerate(keys):
            if key in keys[:position]:
                yield (name, position), f"{key} is in the document twice: leave one out"


def _there_already(document: SeedDocument, state: State) -> Iterator[Problem]:
    fix = "is there already: give another run_id or map_index"
    for position, run in enumerate(document.runs):
        if (run.dag_id, run.run_id) in state.dag_runs:
            yield ("runs", position), f"{run.dag_id}/{run.run_id} is there already: give another run_id"
    for position, ti in enumerate(document.task_instances):
        if state.task_instances.find(_task_key(ti)) or state.edge_jobs.get(JobKey(*_task_key(ti), 1)):
            yield ("task_instances", position), f"{'/'.join(map(str, _task_key(ti)))} {fix}"
    begun = {JobKey(*_task_key(ti), 1) for ti in document.task_instances}
    for position, job in enumerate(document.edge_jobs):
        if _job_key(job) in begun or state.edge_jobs.get(_job_key(job)):
            yield ("edge_jobs", position), f"{_job_key(job)} {fix}"


def _missing_runs(document: SeedDocument, state: State) -> Iterator[Problem]:
    named = {(run.dag_id, run.run_id) for run in document.runs}
    named |= {(ti.dag_id, ti.run_id) for ti in document.task_instances}
    for position, xcom in enumerate(document.xcoms):
        run = (xcom.dag_id, xcom.run_id)
        if run not in named and run not in state.dag_runs:
            yield ("xcoms", position), f"no dag run {'/'.join(run)}: add it to runs"


def _keys(document: SeedDocument) -> dict[str, list[str]]:
    return {
        "dags": [each.dag_id for each in document.dags],
        "runs": [f"{each.dag_id}/{each.run_id}" for each in document.runs],
        "task_instances": ["/".join(map(str, _task_key(each))) for each in document.task_instances],
        "variables": [each.key for each in document.variables],
        "connections": [each.conn_id for each in document.connections],
        "xcoms": [
            f"{each.dag_id}/{each.task_id}/{each.run_id}/{each.map_index}/{each.key}"
            for each in document.xcoms
        ],
        "assets": [f"{each.name} ({each.uri or each.name})" for each in document.assets],
        "edge_jobs": [str(_job_key(each)) for each in document.edge_jobs],
    }


def _task_key(seed: TaskInstanceSeed) -> TaskKey:
    return TaskKey(seed.dag_id, seed.task_id, seed.run_id, seed.map_index)


def _job_key(seed: EdgeJobSeed) -> JobKey:
    return JobKey(seed.dag_id, seed.task_id, seed.run_id, seed.map_index, seed.try_number)
