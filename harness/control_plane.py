"""The fake API as every world runs it: its HTTP protocol, its first content, what it tells the History."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from fake_api import Change, Settings, State, TaskSpec, create_app, rows
from fake_api.settings import variable_of
from harness.model.options import environment
from harness.model.plan import Submission

HOST, PORT = "api", 8080
CONTENT = "harness"
"""The name of the one variable and the one connection that task bodies read."""

KEEP_ALIVE = 120
"""Seconds a connection may stay idle; Airflow: [api] worker_timeout."""

_TOLD = ("task_instance", "edge_job", "edge_worker", "log", "xcom")
_METHODS = ("PATCH", "POST", "PUT", "DELETE")


Failed = Callable[[Exception], None]


def http_protocol(state: State, *, failed: Failed | None = None) -> Callable[[], Any]:
    """What makes a protocol for each connection to a new API process over that state: uvicorn's own.

    `failed` hears of what is raised where a request is served, and answered with a 500.
    """
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    from uvicorn.server import ServerState

    app = create_app(state)
    config = uvicorn.Config(
        app if failed is None else _watched(app, failed),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
    config.load()
    server_state = ServerState()
    return lambda: HttpToolsProtocol(config=config, server_state=server_state, app_state={})


def _watched(app: Any, failed: Failed) -> Any:
    async def watched(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            failed(error)
            raise

    return watched


def configured(settings: Settings, options: Mapping[str, str]) -> Settings:
    """The settings, with those of Airflow's options that a plan sets and a server reads."""
    variables = environment(options)
    read = Settings.from_environment(variables)
    names = [field.name for field in fields(Settings) if variable_of(field.name) in variables]
    return replace(settings, **{name: getattr(read, name) for name in names})


def task_spec(task: Submission) -> TaskSpec:
    """The task as the fake's scheduler takes it."""
    return TaskSpec(
        dag_id=task.dag_id,
        task_id=task.task_id,
        run_id=task.run_id,
        queue=task.queue,
        pool_slots=task.slots,
        retries=task.retries,
        retry_delay=task.retry_delay.total_seconds(),
    )


def seed_content(state: State) -> None:
    """What task bodies read."""
    state.variables[CONTENT] = rows.Variable(val="1")
    state.connections[CONTENT] = rows.Connection(conn_id=CONTENT, conn_type="http")


def witnessed(change: Change) -> tuple[str, dict[str, Any]] | None:
    """The process that made a change and the value of its event; None for what the History leaves out."""
    if change.table not in _TOLD:
        return None
    process = HOST if change.cause.split(" ", 1)[0] in _METHODS else "scheduler"
    value = {"key": change.key, "old": change.old, "new": change.new, "cause": change.cause}
    return process, value | {name: _plain(item) for name, item in change.detail.items()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
