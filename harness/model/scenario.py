"""What an author writes: the fleet, the work, the storm, and the promises to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from harness.model.codec import later
from harness.model.draws import Draw
from harness.model.faults import Fault
from harness.model.tls_faults import Tls
from harness.units import minutes, ms, seconds

Chaos = Callable[[Draw], Iterable[Fault]]
"""A description that a plan turns into concrete faults, drawing what is random from `draw`."""


class Workers(StrEnum):
    """Which code plays the worker."""

    EDGE = "edge"  # the released EdgeWorker; task processes call through the released SDK client
    SUPERVISED = "supervised"  # our client of the Edge API; each task under the released supervisor
    SCRIPTED = "scripted"  # our reference, asyncio


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """`count` workers, named worker-1, worker-2, …, each with `slots` and listening to `queues`."""

    count: int = 5
    slots: int = 4
    kind: Workers = Workers.EDGE
    queues: tuple[str, ...] = ("default",)


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The workload: `count` tasks, submitted at times drawn over `over`, each lasting `lasting` (low, high)."""

    count: int = 10
    lasting: tuple[timedelta, timedelta] = (seconds(5), seconds(60))
    over: timedelta = minutes(1)
    retries: int = 2
    retry_delay: timedelta = minutes(5)  # Airflow: [core] default_task_retry_delay
    queue: str = "default"
    slots: int = 1
    failing_first: int = 0  # so many tasks fail on their first try
    xcom_bytes: int = 64
    reads: bool = True  # each task reads one variable and one connection


@dataclass(frozen=True, kw_only=True)
class Link:
    """What every link is like without faults: one-way delay, and jitter up or down of it."""

    delay: timedelta = ms(1)
    jitter: timedelta = timedelta(microseconds=200)


ALL_INVARIANTS: tuple[str, ...] = (
    "no_task_runs_twice_at_once",
    "bodies_run_while_running",
    "reports_match_bodies",
    "every_task_finishes",
    "no_success_is_lost",
    "every_worker_rejoins",
    "only_legal_transitions",
    "slots_are_never_exceeded",
    "every_job_is_accounted_for",
    "jobs_keep_to_their_queues",
    "tries_are_counted",
    "tokens_are_checked",
    "drained_work_is_finished",
    "logs_are_kept",
    "results_are_kept",
    "every_fault_struck",
    "work_was_done",
)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The author's intent. The storm may rage up to `until`; then all is healed and `settle` passes.

    `options` are Airflow's, for server and workers: `{"edge.heartbeat_interval": "5"}`. What is not set there has
    Airflow's default. With `tls`, workers talk https to the API.
    """

    fleet: Fleet = field(default_factory=Fleet)
    tasks: Tasks = field(default_factory=Tasks)
    faults: tuple[Fault | Chaos, ...] = ()
    invariants: tuple[str, ...] = ALL_INVARIANTS
    until: timedelta = minutes(5)
    settle: timedelta = minutes(20)
    link: Link = field(default_factory=Link)
    options: Mapping[str, str] = field(default_factory=dict)
    tls: Tls = later(Tls.OFF)
