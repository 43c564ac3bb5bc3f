"""The public REST API of an Airflow, as whoever triggers Dag runs uses it."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from loadtests.calls import Answer, Line, NoAnswer

USERNAME, PASSWORD, TOKEN = (f"HARNESS_AIRFLOW_{each}" for each in ("USERNAME", "PASSWORD", "TOKEN"))
ENDED = ("success", "failed")


class NotLetIn(Exception):
    """The REST API does not know us, or not that Dag; the text says what to change."""


class Rest:
    """One user of it, with the credentials of the environment."""

    def __init__(self, line: Line, dag: str) -> None:
        self._line, self._dag = line, f"/api/v2/dags/{quote(dag, safe='')}"
        self._name = dag
        self._token = os.environ.get(TOKEN, "")

    def open(self) -> int:
        """Log in, and unpause the Dag; how many tasks a run of it has. Raises NotLetIn and NoAnswer."""
        if not self._token:
            self._token = self._log_in()
        told = self._attempt("rest.tasks", "GET", f"{self._dag}/tasks", fine=(401, 403, 404))
        if told.status != 200:
            raise NotLetIn(
                f"GET {self._dag}/tasks was answered {told.status}: is {self._name!r} there, and may we read it?"
            )
        self._attempt("rest.unpause", "PATCH", f"{self._dag}?update_mask=is_paused", {"is_paused": False})
        return int(told.json()["total_entries"])

    def _log_in(self) -> str:
        if USERNAME not in os.environ or PASSWORD not in os.environ:
            raise NotLetIn(f"the REST API wants credentials: set {USERNAME} and {PASSWORD}, or {TOKEN}")
        body = {"username": os.environ[USERNAME], "password": os.environ[PASSWORD]}
        answer = self._line.call("rest.login", "POST", "/auth/token", body=body, fine=(401, 404))
        if answer.status >= 400:
            raise NotLetIn(
                f"POST /auth/token was answered {answer.status}: correct {USERNAME} and {PASSWORD}"
            )
        return str(answer.json()["access_token"])

    def trigger(self) -> str:
        """Trigger a run; its id, empty where it was refused. Raises NoAnswer."""
        run = f"load-{uuid4().hex[:16]}"
        body = {"dag_run_id": run, "logical_date": None}
        answer = self._attempt("rest.trigger", "POST", f"{self._dag}/dagRuns", body)
        return run if answer.status < 300 else ""

    def state(self, run: str) -> str:
        """The state of a run; empty where it was not told."""
        try:
            answer = self._attempt("rest.dag_run", "GET", f"{self._dag}/dagRuns/{run}")
            return str(answer.json()["state"]) if answer.status == 200 else ""
        except (NoAnswer, KeyError, TypeError):
            return ""

    def _attempt(self, op: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return self._line.call(op, method, path, token=f"Bearer {self._token}", body=body, **more)
