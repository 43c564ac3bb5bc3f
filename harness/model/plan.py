"""A scenario and a seed, resolved: every worker, every task, every fault, nothing left to chance.

A plan is printable JSON that reads back equal. It is what is replayed and shrunk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.errors import BadPlan
from harness.model.codec import from_json, to_json
from harness.model.draws import Draw
from harness.model.faults import FAULTS, Fault, ends_at
from harness.model.scenario import Link, Scenario, Tasks, Workers
from harness.rng import Streams
from harness.units import format_duration

FORMAT, VERSION = "airflow-remote-harness/plan", 1


@dataclass(frozen=True, kw_only=True)
class PlannedWorker:
    """One worker of the fleet."""

    name: str
    kind: Workers
    slots: int
    queues: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One task: when it is submitted, how long its body lasts, on which tries it fails."""

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

    @property
    def key(self) -> str:
        """The task's name for people: `dag/task/run`."""
        return f"{self.dag_id}/{self.task_id}/{self.run_id}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a run does. `parameters` are what the scenario was given, for people and for replay."""

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

    def digest(self) -> str:
        """SHA-256 over the plan's own JSON: names the plan, and tells when its file was edited."""
        return hashlib.sha256(json.dumps(_body(self), ensure_ascii=False).encode()).hexdigest()


def make_plan(
    scenario: Scenario,
    seed: int,
    *,
    name: str,
    parameters: Mapping[str, str] | None = None,
    workers: Workers | None = None,
) -> Plan:
    """Draw every random decision of the scenario from the seed. `workers` overrides the fleet's kind."""
    draw = Draw(Streams(seed), "plan")
    fleet = scenario.fleet
    kind = workers or fleet.kind
    plan = Plan(
        scenario=name,
        seed=seed,
        parameters=dict(parameters or {}),
        workers=tuple(
            PlannedWorker(name=f"worker-{n}", kind=kind, slots=fleet.slots, queues=fleet.queues)
            for n in range(1, fleet.count + 1)
        ),
        submissions=_submissions(scenario.tasks, draw.named("tasks")),
        faults=_faults(scenario, draw.named("faults")),
        invariants=scenario.invariants,
        until=scenario.until,
        settle=scenario.settle,
        link=scenario.link,
    )
    check_plan(plan)
    return plan


def _submissions(tasks: Tasks, draw: Draw) -> tuple[Submission, ...]:
    def submission(n: int) -> Submission:
        mine = draw.named(str(n))
        return Submission(
            at=mine.between(timedelta(0), tasks.over),
            dag_id="storm",
            task_id=f"task-{n}",
            run_id="run-1",
            lasting=mine.between(*tasks.lasting),
            retries=tasks.retries,
            retry_delay=tasks.retry_delay,
            failing_tries=(1,) if n <= tasks.failing_first else (),
            queue=tasks.queue,
            slots=tasks.slots,
            xcom_bytes=tasks.xcom_bytes,
            reads=tasks.reads,
        )

    return tuple(sorted(map(submission, range(1, tasks.count + 1)), key=lambda task: task.at))


def _faults(scenario: Scenario, draw: Draw) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for n, entry in enumerate(scenario.faults):
        faults.extend(entry(draw.named(str(n))) if callable(entry) else (entry,))
    return tuple(sorted(faults, key=lambda fault: fault.at))


def check_plan(plan: Plan) -> None:
    """Raise BadPlan, naming the fix, where the plan cannot mean anything."""
    zero = timedelta(0)
    if not plan.workers:
        raise BadPlan("the plan has no workers: give the fleet a count of at least 1")
    if min(plan.until, plan.settle) < zero:
        raise BadPlan("`until` and `settle` must not be negative")
    for worker in plan.workers:
        if worker.slots < 1:
            raise BadPlan(f"{worker.name} has {worker.slots} slots: give it at least 1")
    for task in plan.submissions:
        if task.at < zero or task.lasting < zero or task.at > plan.until:
            raise BadPlan(f"{task.key} must be submitted between 0s and `until` and last 0s or more")
        if task.retries < 0 or task.slots < 1 or task.xcom_bytes < 0:
            raise BadPlan(f"{task.key} needs 0 retries or more, 1 slot or more and 0 XCom bytes or more")
    if len({task.key for task in plan.submissions}) < len(plan.submissions):
        raise BadPlan("two tasks of the plan have one name: give each its own dag, task or run id")
    for fault in plan.faults:
        _check_fault(fault, plan)


def _check_fault(fault: Fault, plan: Plan) -> None:
    name = type(fault).__name__
    if fault.at < timedelta(0) or fault.at > plan.until:
        raise BadPlan(
            f"{name} at {format_duration(fault.at)} is outside the storm: 0s … {format_duration(plan.until)}"
        )
    end = ends_at(fault)
    if end is not None and end <= fault.at:
        raise BadPlan(f"{name} at {format_duration(fault.at)} must last longer than 0s")
    if end is not None and end > plan.until:
        raise BadPlan(
            f"{name} ends at {format_duration(end)}, after the storm: raise `until`"
            f" ({format_duration(plan.until)}) or shorten the fault"
        )


def _body(plan: Plan) -> dict[str, Any]:
    body: dict[str, Any] = to_json(plan)
    body["faults"] = [{"fault": type(fault).__name__, **to_json(fault)} for fault in plan.faults]
    return body


def plan_to_json(plan: Plan) -> str:
    """The plan as indented JSON text."""
    document = {"format": FORMAT, "version": VERSION, "digest": plan.digest(), **_body(plan)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plan_from_json(text: str, *, source: str = "the plan", edited: bool = False) -> Plan:
    """The plan that `plan_to_json` wrote. Raises BadPlan, naming the fix.

    A plan whose text was changed since is refused unless `edited` says that this is meant.
    """
    document = _document(text, source)
    digest = document.pop("digest", None)
    try:
        items = document.pop("faults")
        if not isinstance(items, list):
            raise ValueError(f"Plan.faults: {items!r} is not a list")
        faults = tuple(_fault(item) for item in items)
        plan: Plan = replace(from_json(Plan, {**document, "faults": []}), faults=faults)
        check_plan(plan)
    except KeyError as error:
        raise BadPlan(f"{source} lacks {error}: take the plan.json of a run's folder") from None
    except ValueError as error:
        raise BadPlan(f"{source} is no plan: {error}") from None
    if digest != plan.digest() and not edited:
        raise BadPlan(f"{source} was edited after it was written: if that is meant, add --edited")
    return plan


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
        kind, version = document.pop("format"), document.pop("version")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise BadPlan(f"{source} is truncated or no plan: take the plan.json of a run's folder") from None
    if kind != FORMAT or version != VERSION:
        raise BadPlan(f"{source} is of version {version!r} and this release reads version {VERSION}")
    return dict(document)


def _fault(item: Any) -> Fault:
    kinds = {kind.__name__: kind for kind in FAULTS}
    fields = dict(item) if isinstance(item, dict) else {}
    name = str(fields.pop("fault", None))
    if name not in kinds:
        raise ValueError(f"{name!r} is no fault; there are {', '.join(kinds)}")
    fault: Fault = from_json(kinds[name], fields)
    return fault


def read_plan(path: Path, *, edited: bool = False) -> Plan:
    """Read a plan file. Raises BadPlan, naming the fix."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadPlan(f"{path} cannot be read: {error}") from None
    return plan_from_json(text, source=str(path), edited=edited)
