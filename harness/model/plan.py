"""A scenario and a seed, resolved: every worker, every task, every fault, nothing left to chance.

A plan is printable JSON that reads back equal. It is what is replayed and shrunk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from harness.model.codec import later, to_json
from harness.model.faults import Fault
from harness.model.scenario import Link, Workers
from harness.model.tls_faults import Tls


@dataclass(frozen=True, kw_only=True)
class PlannedWorker:
    """One worker of the fleet, on a host of that name. `alias` is what it calls itself, if not that."""

    name: str
    kind: Workers
    slots: int
    queues: tuple[str, ...]
    alias: str | None = later(None)

    @property
    def identity(self) -> str:
        """The name under which it registers."""
        return self.alias or self.name


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One task: when it is submitted, how long its body lasts, on which tries it fails.

    Of released task runners in processes of their own, as live worlds have them: a body that is `apart` is a process
    that the task starts and waits for, as a shell command would be; a task that `leaves` something behind has started
    a process that holds its output open for so long. One that `triggers` a Dag asks for a run of it when its body is
    over; one that `reschedules` goes back to its queue once, before its body begins, to be queued again so much later.
    """

    at: timedelta
    dag_id: str
    task_id: str
    run_id: str
    lasting: timedelta
    retries: int = 0
    retry_delay: timedelta = timedelta(minutes=5)
    failing_tries: tuple[int, ...] = ()
    queue: str = "default"
    slots: int = 1
    xcom_bytes: int = 0
    reads: bool = False
    apart: bool = later(False)
    leaves: timedelta | None = later(None)
    triggers: str | None = later(None)
    reschedules: timedelta | None = later(None)

    @property
    def acts(self) -> bool:
        """Whether its body does more than last and end: that takes a process which runs the Dag's code."""
        return self.apart or any(item is not None for item in (self.leaves, self.triggers, self.reschedules))

    @property
    def key(self) -> str:
        """The task's name for people: `dag/task/run`."""
        return f"{self.dag_id}/{self.task_id}/{self.run_id}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a run does. `parameters` are what the scenario was given, for people and for replay; `options` are
    Airflow's, where they are not its defaults.
    """

    scenario: str
    seed: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    workers: tuple[PlannedWorker, ...]
    submissions: tuple[Submission, ...]
    faults: tuple[Fault, ...]
    invariants: tuple[str, ...]
    until: timedelta
    settle: timedelta
    link: Link = field(default_factory=Link)
    options: Mapping[str, str] = field(default_factory=dict)
    tls: Tls = later(Tls.OFF)

    def digest(self) -> str:
        """SHA-256 over the plan's own JSON: names the plan, and tells when its file was edited."""
        return hashlib.sha256(json.dumps(plan_body(self), ensure_ascii=False).encode()).hexdigest()


def plan_body(plan: Plan) -> dict[str, Any]:
    """The plan as a JSON object."""
    body: dict[str, Any] = to_json(plan)
    if not plan.options:  # plans of before there were options keep their text and their digest
        del body["options"]
    body["faults"] = [{"fault": type(fault).__name__, **to_json(fault)} for fault in plan.faults]
    return body
