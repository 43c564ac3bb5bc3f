"""Histories and plans written out literally, for tests of what judges and tells them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from harness.model.faults import Fault
from harness.model.history import History
from harness.model.plan import Plan, PlannedWorker, Submission
from harness.model.scenario import ALL_INVARIANTS, Workers
from harness.units import minutes, nanoseconds, parse_duration, seconds


def _history(text: str) -> History:
    history = History()
    for line in text.strip().splitlines():
        if not line.strip():
            continue
        t, witness, process, type_, f, *pairs = shlex.split(line)
        value = {name: _value(item) for name, _, item in (pair.partition("=") for pair in pairs)}
        at = nanoseconds(parse_duration(t))
        history.append(t=at, witness=witness, process=process, type=type_, f=f, value=value)
    return history


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.fixture
def past() -> Callable[[str], History]:
    """A History from lines of `time witness process type f name=value …`."""
    return _history


def _submission(
    name: str, *, at: timedelta = seconds(1), retries: int = 2, failing_tries: tuple[int, ...] = ()
) -> Submission:
    return Submission(
        at=at,
        dag_id="storm",
        task_id=name,
        run_id="run-1",
        lasting=seconds(30),
        retries=retries,
        failing_tries=failing_tries,
    )


@pytest.fixture
def of() -> Callable[[Plan, History], History]:
    """A History with the header of a run of that plan."""

    def headed(plan: Plan, history: History) -> History:
        history.header |= {
            "scenario": plan.scenario,
            "seed": plan.seed,
            "world": "sim",
            "plan": plan.digest(),
        }
        return history

    return headed


@pytest.fixture
def task() -> Callable[..., Submission]:
    """A Submission `storm/<name>/run-1`."""
    return _submission


def _plan(
    *tasks: Submission,
    workers: int = 2,
    slots: int = 2,
    faults: tuple[Fault, ...] = (),
    invariants: tuple[str, ...] = ALL_INVARIANTS,
    seed: int = 7,
    options: Mapping[str, str] | None = None,
) -> Plan:
    return Plan(
        scenario="cut-off-worker",
        seed=seed,
        workers=tuple(
            PlannedWorker(name=f"worker-{n}", kind=Workers.EDGE, slots=slots, queues=("default",))
            for n in range(1, workers + 1)
        ),
        submissions=tasks,
        faults=faults,
        invariants=invariants,
        until=minutes(5),
        settle=minutes(20),
        options=options or {},
    )


@pytest.fixture
def planned() -> Callable[..., Plan]:
    """A Plan of those submissions, worker-1 … worker-n and faults."""
    return _plan
