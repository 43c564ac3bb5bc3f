"""What the real server had in its database when a recording began, and what changed without a recorded call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from fake_api import State, TaskSpec
from fake_api.names import EdgeWorkerState
from fake_api.outcome import Outcome
from fake_api.rows import Connection, Variable

WORKER = "rec-9a5a17"


class Ids:
    """Ids for a State: the ones a seed asks for, then a count."""

    def __init__(self) -> None:
        self.wanted: list[UUID] = []
        self.count = 0

    def __call__(self) -> UUID:
        if self.wanted:
            return self.wanted.pop(0)
        self.count += 1
        return UUID(int=self.count)


def submit(state: State, ids: Ids, ti_id: str, **task: object) -> None:
    """Queue a task instance of the Dag `tiny` under its recorded id, or any if that is empty."""
    spec = TaskSpec(dag_id="tiny", dag_rel_path="tiny.py", **task)  # type: ignore[arg-type]
    state.add_dag("tiny", is_paused=True, relative_fileloc="tiny.py")
    run = state.ensure_dag_run("tiny", spec.run_id)
    state.put(replace(run, triggering_user_name="research"))
    ids.wanted = [UUID(ti_id)] if ti_id else []
    state.submit(spec)


def happy(state: State, ids: Ids) -> None:
    """Two earlier runs of the Dag `tiny`, one with all of its tasks queued, and a connection."""
    run = "r_a71f3842"
    submit(state, ids, "01a1fb9b-8108-71b9-b7b3-99a1eed4efc0", task_id="noop", run_id=run)
    for task_id in ("xcom_out", "flaky", "sleeper"):
        submit(state, ids, "", task_id=task_id, run_id=run)
    for days in (1, 2):
        state.add_dag_run("tiny", f"earlier_{days}", logical_date=state.now() - timedelta(days=days))
    state.connections["my_conn"] = Connection(
        conn_id="my_conn",
        conn_type="http",
        host="example.org",
        schema="https",
        login="u",
        password="p",
        port=8443,
        extra='{"a": 1}',
    )


def retry(state: State, ids: Ids) -> None:
    """A task with two retries."""
    ti_id = "01a1fb9b-810a-79e6-bd96-e3eaf8be704d"
    submit(state, ids, ti_id, task_id="flaky", run_id="r_a71f3842", retries=2)


def errors(state: State, ids: Ids) -> None:
    """Two queued tasks, and the variable the first recording left."""
    run = "r_50986209"
    submit(state, ids, "01a1fb9b-8a8c-7c21-aa51-0ecaa3aaed36", task_id="noop", run_id=run)
    submit(state, ids, "01a1fb9b-8a8f-7e7e-89bf-92ebd8f625f9", task_id="xcom_out", run_id=run)
    state.variables["a/b"] = Variable(val="val")


def content(state: State, ids: Ids) -> None:
    """A run of the Dag `tiny` with two tasks, of which one writes an asset, and a connection to test."""
    asset = state.add_asset("a", "s3://b/x")
    named = {"run_id": "r_content", "retries": 1, "operator": "EmptyOperator"}
    undated = {"logical_date": None, "data_interval_start": None, "data_interval_end": None}
    state.add_dag_run("tiny", "r_content", **undated)
    submit(state, ids, "01a1fca0-f915-75ac-8ee2-afccca899df0", task_id="a", outlets=(asset.key,), **named)
    submit(state, ids, "01a1fca0-f916-73a8-b806-f35b8559acb0", task_id="b", **named)
    run = state.dag_runs["tiny", "r_content"]
    state.put(replace(run, triggering_user_name="u"))
    test_id = UUID("01a1fca0-f968-7324-8b1f-830b6235e5f8")
    tested = Connection(conn_id="c", conn_type="http", host="h", password="p")
    state.add_connection_test(test_id, tested, commit_on_success=True)


def edge(_state: State, _ids: Ids) -> None:
    """Nothing: no worker, no job."""


SEEDS: dict[str, Callable[[State, Ids], None]] = {
    "happy": happy,
    "retry": retry,
    "errors": errors,
    "content": content,
    "edge": edge,
}


def _queue_job(state: State, ids: Ids) -> None:
    ti_id = "01a1fbb1-6f17-782f-b261-5393c7f8b70a"
    submit(state, ids, ti_id, task_id="noop", run_id="r_edfe1219", queue="qrec")


def _worker(**values: object) -> Callable[[State, Ids], None]:
    def change(state: State, _ids: Ids) -> None:
        row = replace(state.edge_workers[WORKER], **values)  # type: ignore[arg-type]
        state.apply(Outcome(rows=(row,)))

    return change


#: What the scheduler or an administrator did right before a step of the edge recording.
BEFORE: dict[str, Callable[[State, Ids], None]] = {
    "fetch_too_small_concurrency_none": _queue_job,
    "heartbeat_idle_after_maintenance_request": _worker(
        state=EdgeWorkerState.MAINTENANCE_REQUEST, maintenance_comment="maint by test"
    ),
    "heartbeat_maintenance_mode_after_exit": _worker(state=EdgeWorkerState.MAINTENANCE_EXIT),
    "heartbeat_remote_concurrency": _worker(concurrency=9),
    "heartbeat_after_shutdown_request": _worker(state=EdgeWorkerState.SHUTDOWN_REQUEST),
}


class Clock:
    """The recording's time."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at
