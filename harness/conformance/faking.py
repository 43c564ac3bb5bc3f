"""The arm of the fake: in this process, without sockets, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx
from starlette.types import ASGIApp

from fake_api import State, TaskSpec, create_app
from fake_api.names import TaskInstanceState
from fake_api.outcome import Outcome
from fake_api.rows import AssetKey, Connection, DagRun, TaskInstance, Variable
from fake_api.settings import Database, Settings
from fake_api.xcoms import XComTask
from harness.conformance import fake_rows
from harness.conformance.case import Act, Case, Run, Seed, Task
from harness.conformance.wire import Reply

MakeApp = Callable[[State], ASGIApp]
#: When the fake's clock begins, and how much later each look at it is.
EPOCH = datetime(2031, 5, 5, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
OPERATOR = "EmptyOperator"
SINCE = datetime(2019, 1, 1, tzinfo=UTC)
"""The start date of every Dag, as seeder.py has it."""


class Clock:
    """A clock that goes on by itself, so that no two moments are the same."""

    def __init__(self, at: datetime = EPOCH) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += TICK
        return self.at


class FakeArm:
    """The fake over `database`, or another app over its State. A context manager: it has an event loop."""

    def __init__(
        self,
        make_app: MakeApp = create_app,
        state: State | None = None,
        *,
        database: Database = "postgresql",
    ) -> None:
        self.state_of_fake = state or State(settings=Settings(database=database), now=Clock())
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(make_app(self.state_of_fake), raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    @property
    def base(self) -> str:
        return "http://fake"

    @property
    def secret(self) -> str:
        return self.state_of_fake.settings.jwt_secret

    def now(self) -> datetime:
        return self.state_of_fake.now()

    def seed(self, case: Case) -> Mapping[str, str]:
        return seed(self.state_of_fake, case.dag_id, case.seed)

    def act(self, act: Act, id: str) -> None:
        assert act.what == "clear"
        self.state_of_fake.clear(UUID(id))

    def send(self, sent: httpx.Request) -> Reply:
        got = self._runner.run(self._client.send(sent))
        return Reply(got.status_code, dict(got.headers), got.content)

    def state(self, case: Case) -> Mapping[str, Any] | None:
        return fake_rows.of_case(self.state_of_fake, case.dag_id)


def seed(state: State, dag_id: str, wanted: Seed) -> dict[str, str]:
    """Write what a Seed says into the fake; the ids of what was made, by name."""
    tasks = tuple(_spec(dag_id, "", task) for task in wanted.tasks)
    state.add_dag(dag_id, tasks=tasks, start_date=SINCE, **wanted.dag)
    for asset in wanted.assets:
        aliases = (f"{dag_id}-{asset.alias}",) if asset.alias else ()
        state.add_asset(
            f"{dag_id}-{asset.name}", f"s3://{dag_id}/{asset.name}", aliases=aliases, active=asset.active
        )
    ids: dict[str, str] = {}
    for run in wanted.runs:
        _run(state, dag_id, run)
        for task in wanted.tasks:
            ids |= _instances(state, dag_id, run, task)
    for each in wanted.xcoms:
        state.xcoms.set(XComTask(dag_id, each.run, each.task), each.key, each.map_index, each.value)
    for name, value in wanted.variables.items():
        state.variables[f"{dag_id}-{name}"] = Variable(val=value)
    for name, fields in wanted.connections.items():
        state.put(Connection(conn_id=f"{dag_id}-{name}", **fields))
    if wanted.connection_test:
        ids["test"] = _connection_test(state, dag_id)
    return ids


def _run(state: State, dag_id: str, run: Run) -> DagRun:
    date = datetime.fromisoformat(run.logical_date) if run.logical_date else None
    after = date or datetime(2020, 1, 1, tzinfo=UTC)
    consumed = tuple(_event(state, dag_id, name, after) for name in run.consumed)
    return state.add_dag_run(
        dag_id,
        run.name,
        logical_date=date,
        data_interval_start=date,
        data_interval_end=date,
        run_after=after,
        start_date=after,
        end_date=after if run.state in ("success", "failed") else None,
        state=run.state,
        conf=run.conf,
        triggering_user_name="seed",
        partition_key=run.partition_key,
        consumed_asset_events=consumed,
    )


def _event(state: State, dag_id: str, name: str, at: datetime) -> int:
    from fake_api.catalogue import AssetEvent

    key = _asset(dag_id, name)
    event = AssetEvent(asset=key, timestamp=at, extra={"x": 1}, source_map_index=-1)
    return state.assets.add_event(event).id


def _asset(dag_id: str, name: str) -> AssetKey:
    return AssetKey(f"{dag_id}-{name}", f"s3://{dag_id}/{name}")


def _instances(state: State, dag_id: str, run: Run, task: Task) -> dict[str, str]:
    ids = {}
    for index in range(task.mapped) if task.mapped else (-1,):
        spec = _spec(dag_id, run.name, task, index)
        name = task.name if index < 0 else f"{task.name}.{index}"
        ids[name if run.name == "r" else f"{run.name}.{name}"] = str(_instance(state, spec, task.state))
    return ids


def _spec(dag_id: str, run_id: str, task: Task, index: int = -1) -> TaskSpec:
    return TaskSpec(
        dag_id=dag_id,
        task_id=task.name,
        run_id=run_id,
        map_index=index,
        retries=task.retries,
        operator=OPERATOR,
        groups=(task.group,) if task.group else (),
        inlets=tuple(_asset(dag_id, name) for name in task.inlets),
        outlets=tuple(_asset(dag_id, name) for name in task.outlets),
    )


def _instance(state: State, spec: TaskSpec, wanted: str | None) -> UUID:
    if wanted == TaskInstanceState.QUEUED:
        return state.submit(spec)
    row = TaskInstance(
        id=state.new_id(),
        task=spec,
        try_number=1 if wanted else 0,
        max_tries=spec.retries,
        state=TaskInstanceState(wanted) if wanted else None,
    )
    state.apply(Outcome(rows=(row,)))
    return row.id


def _connection_test(state: State, dag_id: str) -> str:
    test_id = state.new_id()
    tested = Connection(conn_id=f"{dag_id}-tested", conn_type="http", host="h", password="p")  # noqa: S106 - a made-up one
    state.add_connection_test(test_id, tested, commit_on_success=True)
    return str(test_id)
