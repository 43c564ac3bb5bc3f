"""The options of a load test, beside Locust's own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

SHAPES = ("ramp", "step", "spike", "soak", "herd", "token-storm", "outage")
FEEDS = ("auto", "admin", "dag-runs", "none")
#: Of a running task's life, in open loop: its heartbeats, or whole lives.
ARRIVALS = ("heartbeats", "tasks")


class WrongOption(Exception):
    """An option cannot mean what it says; the text says what to give instead."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `locust -f loadtests` was told, checked. Raises WrongOption."""

    shape: str = ""
    time_scale: float = 1.0
    slots: int = 4
    task_seconds: float = 30.0
    feed: str = "auto"
    admin: str = ""
    queue: str = ""
    workloads: str = ""
    dag: str = ""
    rate: float = 0.0
    arrivals: str = "heartbeats"
    poisson: bool = False
    sample: float = 0.01
    warm_up: float = 0.0
    seed: int = 1
    history: str = ""
    results: str = ""

    def __post_init__(self) -> None:
        bounds = {
            "time_scale": (0.001, 1000),
            "slots": (1, 1000),
            "task_seconds": (0, 86400),
            "rate": (0, 1e6),
            "sample": (0, 1),
            "warm_up": (0, 86400),
        }
        for name, (least, most) in bounds.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise WrongOption(f"{_flag(name)} {value:g}: give a number from {least:g} to {most:g}")
        if self.feed == "dag-runs" and not self.dag:
            raise WrongOption("--feed dag-runs needs --dag: the id of the Dag to trigger")
        if self.rate and self.rate < 0.01:
            raise WrongOption(f"--rate {self.rate:g}: give arrivals per second, 0.01 at least")
        for name in ("history", "results"):
            file = getattr(self, name)
            if file and not Path(file).parent.is_dir():
                raise WrongOption(f"{_flag(name)} {file}: there is no folder {Path(file).parent}")
        if self.workloads and not Path(self.workloads).is_file():
            raise WrongOption(f"--workloads {self.workloads}: there is no such file")

    @classmethod
    def of(cls, parsed: Any) -> Options:
        """From what Locust's parser read."""
        return cls(**{each.name: getattr(parsed, each.name) for each in fields(cls)})


def add_options(parser: Any, **_: Any) -> None:
    """Add them to Locust's parser."""
    group = parser.add_argument_group("Load on an Execution API and an Edge API")

    def add(name: str, help: str, **more: Any) -> None:
        default = getattr(Options, name)
        variable = f"LOADTEST_{name.upper()}"
        group.add_argument(_flag(name), dest=name, default=default, help=help, env_var=variable, **more)

    add("shape", "how the load goes over --run-time (none: --users, for --run-time)", choices=("", *SHAPES))
    add(
        "time_scale",
        "factor of every interval, wait and task: 0.1 is ten times as fast (default: 1)",
        type=float,
    )
    add("slots", "tasks that a worker runs at once (default: 4)", type=int)
    add(
        "task_seconds",
        "median of how long a task's body takes, before --time-scale (default: 30)",
        type=float,
    )
    add("feed", "where jobs come from: admin (POST /admin/seed), dag-runs (the public REST API), none (they are there)"
        " (default: admin where there is one)", choices=FEEDS)  # fmt: skip
    add(
        "admin",
        "the URL with /admin/seed, where it is not --host: `harness airflow` has one beside its server",
    )
    add(
        "queue",
        "the queue to fetch from (default: one of each process's own with --feed admin, else `default`)",
    )
    add("workloads", "file of workloads, one JSON object a line, that TaskUser takes its tasks from")
    add("dag", "the Dag that SchedulerUser and --feed dag-runs trigger")
    add("rate", "ArrivalUser: arrivals per second, over all processes", type=float)
    add("arrivals", "ArrivalUser: what arrives (default: heartbeats)", choices=ARRIVALS)
    add("poisson", "ArrivalUser: exponential instead of equal gaps", action="store_true")
    add(
        "sample",
        "the part of tasks whose promises are tested by calls of their own (default: 0.01)",
        type=float,
    )
    add(
        "warm_up",
        "seconds from the begin whose latencies and dropped arrivals do not count (default: 0)",
        type=float,
    )
    add("seed", "what sizes, durations and waits are drawn from (default: 1)", type=int)
    add(
        "history",
        "write what the users saw to this file, for `harness storm`; {pid} in its name is each process's",
    )
    add("results", "write the results to this file, as JSON")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
