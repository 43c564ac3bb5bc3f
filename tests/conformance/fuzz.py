"""Schemathesis against the fake, in a process of its own: it starts threads and registers its hooks for good.

    python -m tests.conformance.fuzz VERSION MAX_EXAMPLES

Runs its phases (examples, coverage, fuzzing, stateful) on one seed; prints what it did and found as JSON.
"""

import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zlib import crc32

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.specs.openapi.checks import response_schema_conformance
from starlette.types import Message, Receive, Scope, Send

from fake_api import State, TaskSpec, create_app
from fake_api.rows import Connection, Variable
from fake_api.stored import dump
from tests.conformance.documents import fake_documents

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOMEBODY = UUID(int=1)
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CHECKS = ("fits_its_schema", "refusals_change_nothing", "no_server_error")


def config(max_examples: int) -> SchemathesisConfig:
    """One seed, nothing remembered, and our checks only."""
    generation = {"max-examples": max_examples, "deterministic": True, "database": "none"}
    checks = {"enabled": False} | {name: {"enabled": True} for name in CHECKS}
    return SchemathesisConfig.from_dict({"seed": 1, "generation": generation, "checks": checks})


class Server:
    """A fake with a little of everything in it, and who calls it."""

    def __init__(self) -> None:
        ids = count(2)
        self.state = State(now=lambda: NOW, new_id=lambda: UUID(int=next(ids)))
        self._app = create_app(self.state)
        self.before = ""
        self.raised: Exception | None = None
        self._fill()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call as uvicorn would: what is raised after the 500 is a line in its log."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            self.raised = error
            if not started:
                raise

    def _fill(self) -> None:
        state = self.state
        asset = state.add_asset("a", "s3://a", aliases=("x",))
        state.add_dag("dag")
        for name in ("one", "two", "three"):
            state.submit(TaskSpec(dag_id="dag", task_id=name, run_id="run", retries=3, outlets=(asset.key,)))
        state.add_dag_run("dag", "earlier", logical_date=NOW - timedelta(days=1))
        state.variables["v"] = Variable(val="1")
        state.connections["c"] = Connection(conn_id="c", conn_type="http")

    def names(self) -> dict[str, list[str]]:
        """What exists, by the names of parameters."""
        return {
            "task_instance_id": [str(each.id) for each in self.state.task_instances],
            "dag_id": ["dag"],
            "run_id": ["run", "earlier"],
            "task_id": ["one", "two", "three"],
            "variable_key": ["v"],
            "connection_id": ["c"],
            "name": ["a"],
            "uri": ["s3://a"],
        }

    def known(self, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        """Three times of four a name that exists, in place of one that was made up."""
        names = self.names()
        for name, value in (parameters or {}).items():
            dice = crc32(repr(value).encode())
            if name in names and dice % 4:
                (parameters or {})[name] = names[name][dice % len(names[name])]
        return parameters

    def token(self, path: str) -> str:
        """A token of whoever the path is about."""
        subject = UUID_TEXT.search(path)
        scope = "workload" if "/connection-tests" in path else "execution"
        sub = subject[0] if subject else str(SOMEBODY)
        return self.state.tokens.mint(sub=sub, scope=scope, now=NOW)

    def snapshot(self) -> str:
        """Everything that is stored."""
        return json.dumps(dump(self.state), sort_keys=True)


def run(version: str, max_examples: int) -> dict[str, Any]:
    """All phases. Returns how many cases each had, their statuses, and what failed."""
    server = Server()
    path = f"/execution/openapi.json?version={version}"
    fake_documents()  # built here once, for Schemathesis waits ten seconds only
    schema = schemathesis.openapi.from_asgi(path, server, config=config(max_examples))
    _hook(server, version)
    cases: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    failures: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            recorder = event.recorder
            cases[event.phase.value] += len(recorder.interactions)
            answers = (each.response for each in recorder.interactions.values() if each.response)
            statuses.update(str(each.status_code) for each in answers)
            failures += [_told(recorder.label, node) for each in recorder.checks.values() for node in each]
        elif isinstance(event, NonFatalError | FatalError):
            failures.append(repr(getattr(event, "value", getattr(event, "exception", event))))
    found = sorted({each for each in failures if each})
    return {"cases": dict(cases), "statuses": dict(statuses), "failures": found}


def _told(label: str, node: Any) -> str:
    if node.failure_info is None:
        return ""
    return f"{label}: {node.failure_info.failure.title}: {node.failure_info.failure.message[:300]}"


def _hook(server: Server, version: str) -> None:
    @schemathesis.hook
    def map_path_parameters(context: Any, path_parameters: Any) -> Any:
        return server.known(path_parameters)

    @schemathesis.hook
    def map_query(context: Any, query: Any) -> Any:
        return server.known(query)

    @schemathesis.hook
    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "host"}
        case.headers["Authorization"] = f"Bearer {server.token(case.formatted_path)}"
        case.headers["Airflow-API-Version"] = version
        server.before, server.raised = server.snapshot(), None

    @schemathesis.check
    def fits_its_schema(ctx: Any, response: Any, case: Any) -> None:
        # Airflow documents some 422s as one text or object, and answers all of them with a list of errors
        if response.status_code != 422:
            response_schema_conformance(ctx, response, case)

    @schemathesis.check
    def refusals_change_nothing(ctx: Any, response: Any, case: Any) -> None:
        if response.status_code >= 400:
            assert server.snapshot() == server.before, f"{response.status_code} and the state changed"

    @schemathesis.check
    def no_server_error(ctx: Any, response: Any, case: Any) -> None:
        # The errors of the fake that stand for one of Airflow's say so
        meant = "answers 500" in (type(server.raised).__doc__ or "")
        assert response.status_code < 500 or meant, f"{case.as_curl_command()}: {server.raised!r}"


if __name__ == "__main__":
    print("FOUND", json.dumps(run(sys.argv[1], int(sys.argv[2]))), sep="\n")
