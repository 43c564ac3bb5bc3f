"""One step of a capacity run as data: how much load, what came of it, what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HEARTBEAT = "ti.heartbeat"
#: The part of a step in which its load grows; figures are of the rest.
GROWING = 1 / 3


class Load(StrEnum):
    """What is put on a server, and counted: the amount of a step is so many of it."""

    WORKERS = "workers"  # edge workers with their tasks, closed loop
    HEARTBEATS = "heartbeats"  # of running tasks, a second, open loop
    TASKS = "tasks"  # whole task lives begun a second, open loop
    IDLE_WORKERS = "idle-workers"  # edge workers for which there is no job


class Answer(StrEnum):
    """Whether a step kept the service levels."""

    KEPT = "kept"
    MISSED = "missed"
    UNKNOWN = "unknown"  # the generator was saturated, or nothing was done


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a step is measured under. Durations in seconds."""

    load: Load
    slots: int = 4
    task_seconds: float = 30.0
    time_scale: float = 1.0
    heartbeat_interval: float = 5.0
    job_poll_interval: float = 5.0
    worker_heartbeat_interval: float = 30.0
    seconds: float = 20.0
    generators: int = 1
    seed: int = 1

    @property
    def warm_up(self) -> float:
        """Seconds from the begin of a step in which its load grows."""
        return self.seconds * GROWING


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the machine did: by role (server, database, generator, machine) mean cores in use while the load was full, and
    CPU seconds over the whole step. `lag` is how long a bare call took, in seconds; `queue` the same of a call that
    needs a thread of the server; `connections` how many to the database were in use: 90th percentiles while the load was full.
    """

    cores: Mapping[str, float] = field(default_factory=dict)
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    lag: float = 0.0
    queue: float = 0.0
    connections: int = 0


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Of one operation, from when its calls should have begun: seconds."""

    p50: float
    p99: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one amount of load came to. `counts` has calls by operation, and what became of the work; `full` the calls of
    the `full_seconds` after the warm-up, of which latencies are too.
    """

    amount: float
    seconds: float
    answer: Answer
    why: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    full: Mapping[str, int] = field(default_factory=dict)
    full_seconds: float = 0.0
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)

    @property
    def calls(self) -> int:
        """How many calls of the two APIs it made."""
        return sum(self.counts.get(op, 0) for op in self.latencies)

    @property
    def rate(self) -> float:
        """Calls a second while the load was full."""
        return sum(self.full.values()) / self.full_seconds if self.full_seconds else 0.0

    @property
    def heartbeats(self) -> float:
        """Heartbeats of tasks a second while the load was full."""
        return self.full.get(HEARTBEAT, 0) / self.full_seconds if self.full_seconds else 0.0

    @property
    def p99(self) -> float:
        """The worst operation's, in seconds."""
        return max((each.p99 for each in self.latencies.values()), default=0.0)
