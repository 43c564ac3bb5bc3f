"""What a world must offer: its clock, network, fleet and server, as protocols. Both worlds have the same.

Each way to break something returns the way to mend it: a `Heal`, called once when the fault ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from ssl import SSLContext
from typing import Any, Protocol

from harness.model.faults import Direction, Victim
from harness.model.history import Event, History
from harness.model.plan import Submission
from harness.model.tls_faults import CertificateFlaw
from harness.toxics.links import Impairment
from harness.toxics.rules import Rule

Heal = Callable[[], None]
Strike = Callable[[str, str], None]
"""Called with the victim's name and what happened to it, each time a fault strikes."""


class Capability(StrEnum):
    """What a world may be able to do; a plan that needs more is refused with that reason."""

    VIRTUAL_TIME = "virtual time"
    PARTITION = "partition"
    LATENCY = "latency"
    PACKET_LOSS = "packet loss"
    REORDERING = "packets out of order"
    RESET = "reset connections"
    HTTP_RULES = "strike single HTTP calls"
    TLS = "TLS"
    DATABASE = "strike the links to the database"
    DNS = "break name resolution"
    KILL = "kill and restart hosts"
    OUT_OF_MEMORY = "kill single processes of a host"
    STOP = "send SIGTERM and SIGINT to workers"
    PAUSE = "pause hosts"
    DISK = "fill a host's disk"
    CLOCK_SKEW = "set a host's clock"
    RESTART_SERVER = "restart the server"
    TASK_CODE = "task bodies that do more than last and end"
    EDGE_WORKERS = "edge workers"
    SUPERVISED_WORKERS = "supervised workers"
    SCRIPTED_WORKERS = "scripted workers"


class Clock(Protocol):
    """The time of the run."""

    def now(self) -> int:
        """Nanoseconds since the run began."""
        ...

    async def sleep_until(self, moment: timedelta) -> None:
        """Return when that long has passed since the run began."""
        ...


class Network(Protocol):
    """Links between hosts; names may be patterns (`worker-*`)."""

    def impair(self, a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        """Put it on every link between the two; `database` is that of the server."""
        ...

    def reset(self, a: str, b: str, strike: Strike) -> None: ...

    def rule(self, rule: Rule) -> Heal: ...

    def break_names(self, target: str, stale: bool, strike: Strike) -> Heal: ...

    def show_certificate(self, a: str, b: str, flaw: CertificateFlaw, strike: Strike) -> Heal: ...

    def revoke(self, target: str, strike: Strike) -> Heal: ...

    def renew(self, target: str, strike: Strike, *, late: bool) -> Heal:
        """The Heal lets the old certificates have expired; with `late` it brings the new ones."""
        ...

    def rotate_certificate(self, ca: bool, strike: Strike) -> None: ...


class Fleet(Protocol):
    """The hosts that can be killed and paused; the name may be a pattern."""

    def kill(self, target: str, strike: Strike) -> Heal: ...

    def starve(self, target: str, victim: Victim, strike: Strike, *, goes_on: bool) -> Heal:
        """SIGKILL to one process of each host, a task's or the worker's own; with `goes_on`, to tasks that begin too.

        The Heal ends that, and boots a worker that was killed, beside what is left of the host's processes.
        """
        ...

    def terminate(self, target: str, drain: bool, strike: Strike) -> Heal:
        """SIGTERM to the workers, or with `drain` SIGINT; the Heal kills what is left and boots new ones."""
        ...

    def pause(self, target: str, strike: Strike) -> Heal: ...

    def fill_disk(self, target: str, strike: Strike) -> Heal: ...

    def skew(self, target: str, offset: timedelta, strike: Strike) -> Heal: ...


class Server(Protocol):
    """The control plane."""

    def submit(self, task: Submission) -> str:
        """Queue a task; returns the id of its task instance."""
        ...

    def restart(self, target: str, strike: Strike) -> Heal:
        """Take the API down; the Heal brings it up again with what it had stored."""
        ...


class World(Protocol):
    """Clock + network + fleet + server, and the History they write."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def network(self) -> Network: ...

    @property
    def fleet(self) -> Fleet: ...

    @property
    def server(self) -> Server: ...

    @property
    def history(self) -> History: ...

    def record(
        self, *, witness: str, process: str, type: str, f: str, value: dict[str, Any] | None = None
    ) -> Event:
        """Append an event of this moment to the History."""
        ...

    async def start(self) -> None:
        """Start the server and the fleet."""
        ...

    async def catch_up(self) -> None:
        """The calm is over: return when a machine that is late has done what it should have by now, or never will."""
        ...

    async def stop(self) -> None:
        """Stop everything; nothing is recorded after."""
        ...


class Body(Protocol):
    """A running task body."""

    @property
    def done(self) -> bool:
        """Whether it has ended, by itself or killed."""
        ...

    @property
    def ends_at(self) -> float:
        """The monotonic time, in seconds, at which the body ends by itself."""
        ...

    @property
    def fails(self) -> bool:
        """Whether the body ends by raising."""
        ...

    def kill(self, reason: str) -> None:
        """The body dies now; nothing if it has ended."""
        ...


class Site(Protocol):
    """What a worker finds on the host on which it runs."""

    @property
    def name(self) -> str: ...

    @property
    def server_url(self) -> str: ...

    @property
    def jwt_secret(self) -> str: ...

    @property
    def random(self) -> Random: ...

    def option(self, name: str) -> float:
        """An option of Airflow in its unit: as the plan sets it, else Airflow's default."""
        ...

    def tls_context(self) -> SSLContext | None:
        """What a new connection to the API needs; None where the API is reached by http."""
        ...

    def utcnow(self) -> datetime:
        """The host's wall clock, with its time zone."""
        ...

    def monotonic(self) -> float:
        """The host's monotonic clock, in seconds."""
        ...

    def new_pid(self) -> int:
        """An id for a new process of the host."""
        ...

    def task(self, dag_id: str, task_id: str, run_id: str) -> Submission:
        """What the body of that task is to do."""
        ...

    def begin(self, task: Submission, *, ti: str, try_number: int) -> Body:
        """Start a task's body here and now."""
        ...
