"""The arm of anybody's server, known by its URL and its secret, and what can be seeded there.

Without help a server can play the cases that need nothing but names of their own. A server with the route
`POST /admin/seed`, as `harness serve --admin` has it, can play those whose seed that route can make.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx

from harness.conformance.arms import Arm
from harness.conformance.case import UNKNOWN, Act, Call, Case, Run, Seed
from harness.conformance.faking import OPERATOR, FakeArm, MakeApp
from harness.conformance.released import Sender
from harness.errors import NotStarted
from harness.live.servers import now

#: Whose tokens are sent where nothing can be seeded.
NOBODY = {
    "a": UNKNOWN,
    "b": "11111111-2222-4333-8444-666666666666",
    "test": "11111111-2222-4333-8444-777777777777",
}
_NAME = re.compile(r"\{([\w.]+)\}(-?)")


class AttachedArm(Sender):
    """A server of which we know the URL, the secret, and perhaps the token of its /admin routes."""

    def __init__(self, url: str, secret: str, *, admin_token: str | None = None) -> None:
        self._url, self._secret = url.rstrip("/"), secret
        self._admin_token = admin_token
        super().__init__()
        #: Whether it has the route that seeds it.
        self.admin = self.send(httpx.Request("GET", f"{self._url}/admin/seed")).status == 405

    @property
    def base(self) -> str:
        return self._url

    @property
    def secret(self) -> str:
        return self._secret

    def now(self) -> datetime:
        return now()

    def seed(self, case: Case) -> Mapping[str, str]:
        return seeded(self, case, self._admin_token) if self.admin else NOBODY

    def act(self, act: Act, id: str) -> None:
        raise AssertionError(f"{act} was not left out")

    def state(self, case: Case) -> Mapping[str, Any] | None:
        return None

    def is_up(self) -> bool:
        """Whether it answers at all."""
        return self.send(httpx.Request("GET", f"{self._url}/execution/health")).broken is None


class Reference(FakeArm):
    """The fake, seeded in the same way as the attached server it is compared with."""

    def __init__(self, make_app: MakeApp, *, admin: bool) -> None:
        super().__init__(make_app)
        self._admin = admin

    def seed(self, case: Case) -> Mapping[str, str]:
        return seeded(self, case, None) if self._admin else NOBODY

    def state(self, case: Case) -> Mapping[str, Any] | None:
        return None


def seeded(arm: Arm, case: Case, admin_token: str | None) -> dict[str, str]:
    """Seed a server by its admin route; the ids of the task instances. Raises NotStarted when it refuses."""
    content = json.dumps(document(case)).encode()
    headers = {"content-type": "application/json"}
    if admin_token:
        headers["authorization"] = f"Bearer {admin_token}"
    reply = arm.send(httpx.Request("POST", f"{arm.base}/admin/seed", headers=headers, content=content))
    if reply.status not in (200, 201):
        raise NotStarted(
            f"POST /admin/seed was answered {reply.status}: {reply.body[:300].decode(errors='replace')}"
        )
    made = json.loads(reply.body)["task_instances"]
    return {
        each["task_id"] if each["run_id"] == "r" else f"{each['run_id']}.{each['task_id']}": each["id"]
        for each in made
    }


def document(case: Case) -> dict[str, Any]:
    """The body of POST /admin/seed for the seed of a case."""
    dag_id, wanted = case.dag_id, case.seed
    tasks = [
        {
            "dag_id": dag_id,
            "run_id": run.name,
            "task_id": task.name,
            "retries": task.retries,
            "operator": OPERATOR,
        }
        for run in wanted.runs
        for task in wanted.tasks
    ]
    return {
        "dags": [{"dag_id": dag_id} | dict(wanted.dag)],
        "runs": [
            {
                "dag_id": dag_id,
                "run_id": run.name,
                "state": run.state,
                "logical_date": run.logical_date,
                "conf": run.conf,
            }
            for run in wanted.runs
        ],
        "task_instances": tasks,
        "variables": [{"key": f"{dag_id}-{name}", "val": value} for name, value in wanted.variables.items()],
        "connections": [
            {"conn_id": f"{dag_id}-{name}"} | dict(fields) for name, fields in wanted.connections.items()
        ],
        "xcoms": [
            {"dag_id": dag_id, "run_id": each.run, "task_id": each.task, "key": each.key, "value": each.value}
            for each in wanted.xcoms
        ],
    }


def why_not(case: Case, *, admin: bool) -> str | None:
    """Why a case cannot be played on an attached server; None when it can."""
    if any(isinstance(step, Act) for step in case.steps):
        return "needs a user or the scheduler"
    if needs_nothing(case):
        return None
    if not admin:
        return "needs a seed, and there is no /admin/seed"
    wanted = case.seed
    plain = all(task.state == "queued" and not (task.mapped or task.group or task.inlets or task.outlets)
                for task in wanted.tasks)  # fmt: skip
    runs = all(
        run == Run(name=run.name, logical_date=run.logical_date, state=run.state) for run in wanted.runs
    )
    made = (
        not wanted.assets and not wanted.connection_test and not set(wanted.dag) - {"is_paused", "is_stale"}
    )
    unmapped = all(each.map_index == -1 for each in wanted.xcoms)
    return None if plain and runs and made and unmapped else "needs a seed that /admin/seed cannot make"


def needs_nothing(case: Case) -> bool:
    """Whether its calls name nothing but things they make themselves: `{dag}-` and a name."""
    if case.anywhere:
        return True
    if replace(case.seed, tasks=Seed().tasks) != Seed():
        return False
    texts = [f"{step.path} {step.body!r}" for step in case.steps if isinstance(step, Call)]
    texts = [text.replace("prefix={dag}", "prefix={dag}-") for text in texts]
    found = [name for text in texts for name in _NAME.findall(text)]
    return bool(found) and all(name == ("dag", "-") for name in found)
