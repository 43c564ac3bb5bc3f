"""Rules that only the server's own side comes by: called directly, rows in and rows out."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.types import Receive, Scope, Send

from fake_api import RULES, Settings, TaskSpec
from fake_api.auth.fresh_keys import FreshKeys
from fake_api.auth.guards import AuthError
from fake_api.auth.tokens import Tokens
from fake_api.auth.users import authorize_user, mint_user_token
from fake_api.catalogue import Callback, Dag
from fake_api.names import EdgeWorkerState, TaskInstanceState
from fake_api.rows import EdgeJob, EdgeWorker, JobKey, TaskInstance
from fake_api.transitions.scheduling import log_path
from tests.unit.fake_api.world import World

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = TaskSpec(dag_id="dag", task_id="task", run_id="run", retries=2)
QUEUED = TaskInstance(
    id=UUID(int=1), task=SPEC, try_number=1, max_tries=2, state=TaskInstanceState.QUEUED, queued_by_job_id=7
)
JOB = EdgeJob(
    key=JobKey("dag", "task", "run", -1, 1),
    state=TaskInstanceState.RUNNING,
    queue="default",
    concurrency_slots=1,
    priority_weight=1,
    command="{}",
    queued_dttm=NOW,
)


def started(world: World, ti: TaskInstance, **more: Any) -> tuple[TaskInstance, dict[str, Any]]:
    """The row and the answer of a first run."""
    world.submit()
    told = {"xcom_keys": ("k",), "hostname": "h", "unixname": "u", "pid": 1, "start_date": NOW, "now": NOW}
    outcome = RULES.run(ti, dag_run=world.state.dag_runs["dag", "run"], **told | more)
    (row,) = outcome.rows
    assert isinstance(row, TaskInstance)
    return row, outcome.reply.body


def test_a_task_that_runs_has_no_end(world: World) -> None:
    """Not even when it ended once before, to go on later."""
    row, _ = started(world, replace(QUEUED, end_date=NOW - timedelta(hours=1)))
    assert row.end_date is None


@pytest.mark.parametrize(("try_number", "should_retry"), [(1, True), (2, True), (3, False)])
def test_two_retries_are_offered_to_the_first_two_tries(
    world: World, try_number: int, should_retry: bool
) -> None:
    _, context = started(world, replace(QUEUED, try_number=try_number))
    assert context["should_retry"] is should_retry


@pytest.mark.parametrize(("next_method", "cleared"), [(None, ["k"]), ("go_on", [])])
def test_only_a_task_that_begins_clears_its_xcoms(
    world: World, next_method: str | None, cleared: list[str]
) -> None:
    _, context = started(world, replace(QUEUED, next_method=next_method))
    assert context["xcom_keys_to_clear"] == cleared


@pytest.mark.parametrize(("try_number", "fails"), [(1, True), (2, False)])
def test_the_executor_speaks_of_one_try_only(try_number: int, fails: bool) -> None:
    outcome = RULES.handle_executor_event(
        QUEUED,
        try_number=try_number,
        event=TaskInstanceState.FAILED,
        has_task=False,
        job_id=7,
        now=NOW,
        new_id=lambda: UUID(int=9),
        cause="a word",
    )
    assert (outcome is not None) is fails


@pytest.mark.parametrize(
    ("changed", "event", "fails"),
    [
        ({}, "success", False),
        ({}, "failed", True),
        ({"next_method": None}, "success", True),
        ({"state": TaskInstanceState.QUEUED}, "success", True),
    ],
)
def test_a_task_that_waits_to_go_on_had_an_executor_that_was_done(
    changed: dict[str, Any], event: str, fails: bool
) -> None:
    """It deferred itself, and was woken before the executor said so."""
    resumed = replace(QUEUED, state=TaskInstanceState.SCHEDULED, next_method="go_on")
    outcome = RULES.handle_executor_event(
        replace(resumed, **changed),
        try_number=1,
        event=TaskInstanceState(event),
        has_task=False,
        job_id=7,
        now=NOW,
        new_id=lambda: UUID(int=9),
        cause="a word",
    )
    assert (outcome is not None) is fails


@pytest.mark.parametrize(("recorded", "end_date"), [(True, None), (False, NOW)])
def test_a_try_that_is_recorded_does_not_end_once_more(recorded: bool, end_date: datetime | None) -> None:
    started = replace(QUEUED, start_date=NOW)
    outcome = RULES.clear_task(started, recorded=recorded, now=NOW, new_id=lambda: UUID(int=9))
    assert outcome.archived is not None
    assert outcome.archived.end_date == end_date


@pytest.mark.parametrize(
    ("map_index", "path"),
    [(-1, "task_id=task/attempt=1.log"), (0, "task_id=task/map_index=0/attempt=1.log")],
)
def test_the_log_of_a_mapped_task_has_a_folder_of_its_own(map_index: int, path: str) -> None:
    mapped = replace(QUEUED, task=replace(SPEC, map_index=map_index))
    assert log_path(mapped, try_number=1) == f"dag_id=dag/run_id=run/{path}"


def test_an_orphaned_job_whose_task_is_gone_is_removed() -> None:
    (row,) = RULES.orphan_job(JOB, ti=None, now=NOW).rows
    assert isinstance(row, EdgeJob)
    assert row.state == TaskInstanceState.REMOVED


def test_the_end_of_maintenance_takes_the_comment_away() -> None:
    worker = EdgeWorker(
        worker_name="w1",
        state=EdgeWorkerState.MAINTENANCE_MODE,
        last_update=NOW,
        first_online=NOW,
        maintenance_comment="new disks",
    )
    (row,) = RULES.exit_maintenance(worker, now=NOW).rows
    assert isinstance(row, EdgeWorker)
    assert (row.state, row.maintenance_comment) == (EdgeWorkerState.MAINTENANCE_EXIT, None)


def callback(**more: Any) -> Callback:
    return Callback(id=UUID(int=5), dag_id="dag", run_id="run", data={"path": "a.b"}, **more)


@pytest.mark.parametrize(("event", "output"), [("failed", "Execution failed"), ("success", None)])
def test_a_callback_tells_why_it_failed(event: str, output: str | None) -> None:
    (row,) = RULES.report_callback(callback(), event=TaskInstanceState(event)).rows
    assert isinstance(row, Callback)
    assert (row.state, row.output) == (event, output)


@pytest.mark.parametrize(("dag", "path"), [(Dag(dag_id="dag", relative_fileloc="d.py"), "d.py"), (None, "")])
def test_a_queued_callback_carries_its_token_and_says_where_its_dag_is(dag: Dag | None, path: str) -> None:
    outcome = RULES.queue_callback(
        callback(), dag=dag, job=None, token="its own", queue="default", team_name=None, now=NOW
    )
    (job,) = [row for row in outcome.rows if isinstance(row, EdgeJob)]
    assert f'"token":"its own","dag_rel_path":"{path}"' in job.command
    assert [change.at for change in outcome.changes] == [NOW]


@pytest.mark.parametrize("role", ["", None])
def test_a_person_without_a_role_is_refused(role: Any) -> None:
    settings = Settings()
    token = mint_user_token(settings, "ann", NOW, role=role)
    with pytest.raises(AuthError) as refused:
        authorize_user(Tokens(settings), settings, authorization=f"Bearer {token}", cookie=None, now=NOW)
    assert (refused.value.status, refused.value.detail) == (403, "Forbidden")


@pytest.mark.parametrize(("headers", "asked"), [([(b"authorization", b"Bearer x")], 1), ([], 0)])
def test_keys_are_looked_after_when_a_call_brings_a_token(headers: list[Any], asked: int) -> None:
    class Counting:
        times = 0

        async def refresh_keys(self, now: datetime, fetch: object) -> None:
            self.times += 1

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    tokens, nothing = Counting(), None
    served = FreshKeys(app, tokens=tokens, now=lambda: NOW)
    asyncio.run(served({"type": "http", "headers": headers}, nothing, nothing))  # type: ignore[arg-type]
    assert tokens.times == asked
