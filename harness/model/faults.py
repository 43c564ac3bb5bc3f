"""The faults, as data. A fault says what, to whom, when (`at`, from the start of the run) and for how long.

Hosts are named `worker-1`, `worker-2`, …, and `api`; a name may be a pattern (`worker-*`).
The faults on single calls are in `harness.model.http_faults`, those of TLS in `harness.model.tls_faults`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import get_args

from harness.model.http_faults import (
    Aftermath,
    CloseIdle,
    CorruptReplies,
    DelayReplies,
    DelayRequests,
    DuplicateRequests,
    Flaw,
    LoseReplies,
    LoseRequests,
    OnCalls,
    ServerErrors,
    TruncateReplies,
)
from harness.model.tls_faults import (
    BadCertificate,
    CertificateFlaw,
    RenewClient,
    RevokeClient,
    RotateCertificate,
)
from harness.units import ms, seconds


class Direction(StrEnum):
    """Which way of a link a fault strikes."""

    BOTH = "both"
    FORTH = "forth"  # from `a` to `b`
    BACK = "back"  # from `b` to `a`


@dataclass(frozen=True, kw_only=True)
class Partition:
    """Nothing passes between `a` and `b`; TCP keeps what was sent and retransmits after the heal."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Each chunk between `a` and `b` comes later by `delay`, give or take up to `jitter`."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    delay: timedelta = ms(500)
    jitter: timedelta = ms(0)
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, kw_only=True)
class PacketLoss:
    """Each chunk between `a` and `b` is lost with `probability`; TCP sends it again, so it stalls."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    probability: float = 0.1
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, kw_only=True)
class Reordering:
    """Each chunk between `a` and `b` is held back by `delay` with `probability`. Later packets overtake it.

    TCP puts them in order again: who reads waits.
    """

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    probability: float = 0.1
    delay: timedelta = ms(50)
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, kw_only=True)
class ResetPeer:
    """All live connections between `a` and `b` break at once with RST (Toxiproxy's reset_peer)."""

    a: str
    b: str
    at: timedelta


@dataclass(frozen=True, kw_only=True)
class Kill:
    """The host's processes die at once (SIGKILL), the worker and its tasks; it comes back after `lasting`.

    Without `lasting` it stays dead.
    """

    target: str
    at: timedelta
    lasting: timedelta | None = None


class Victim(StrEnum):
    """Which process the kernel kills for want of memory."""

    TASK = "task"
    WORKER = "worker"


@dataclass(frozen=True, kw_only=True)
class OutOfMemory:
    """The kernel kills the host's largest task (SIGKILL), or its worker, and nothing else: who watches it lives on.

    While it lasts, tasks that begin are killed too; a worker comes back after it. Without `lasting` it happens once.
    """

    target: str
    at: timedelta
    lasting: timedelta | None = None
    victim: Victim = Victim.TASK


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The worker's process is told to end (SIGTERM), or to end when its work is done (`drain`: SIGINT).

    What it has not made of that within `lasting` is killed, and a new worker boots; without `lasting` none does.
    """

    target: str
    at: timedelta
    lasting: timedelta | None = None
    drain: bool = False


@dataclass(frozen=True, kw_only=True)
class Pause:
    """The host's processes stop (SIGSTOP) and go on after `lasting` (SIGCONT); the kernel still receives."""

    target: str
    at: timedelta
    lasting: timedelta


@dataclass(frozen=True, kw_only=True)
class RestartServer:
    """The API server dies with its connections and refuses new ones for `lasting`; its database stays."""

    at: timedelta
    lasting: timedelta = seconds(10)
    target: str = "api"


@dataclass(frozen=True, kw_only=True)
class DiskFull:
    """The disk of the host is full: what its processes write to files fails with ENOSPC. The heal frees it."""

    target: str
    at: timedelta
    lasting: timedelta


@dataclass(frozen=True, kw_only=True)
class ClockSkew:
    """The wall clock of the host jumps `ahead` or `behind`, and back after `lasting`; monotonic time goes on."""

    target: str
    at: timedelta
    lasting: timedelta
    ahead: timedelta = seconds(0)
    behind: timedelta = seconds(0)


@dataclass(frozen=True, kw_only=True)
class DnsFailure:
    """The host cannot look up a name; with `stale`, it gets an address at which nobody is any more."""

    target: str
    at: timedelta
    lasting: timedelta
    stale: bool = False


Fault = (
    Partition
    | Latency
    | PacketLoss
    | Reordering
    | ResetPeer
    | LoseRequests
    | LoseReplies
    | ServerErrors
    | DelayRequests
    | DelayReplies
    | DuplicateRequests
    | TruncateReplies
    | CorruptReplies
    | CloseIdle
    | Kill
    | OutOfMemory
    | Stop
    | Pause
    | DiskFull
    | ClockSkew
    | DnsFailure
    | RestartServer
    | BadCertificate
    | RevokeClient
    | RenewClient
    | RotateCertificate
)
FAULTS: tuple[type[Fault], ...] = get_args(Fault)
"""Every kind of fault, in the order in which they are listed to people."""

OnLink = Partition | Latency | PacketLoss | Reordering
"""Those that lie on the links between `a` and `b` for a while, one way or both."""

OnHost = (
    Kill
    | OutOfMemory
    | Stop
    | Pause
    | DiskFull
    | ClockSkew
    | DnsFailure
    | RestartServer
    | RevokeClient
    | RenewClient
    | RotateCertificate
)
"""Those that strike one host, `target`, and no link."""


DATABASE = "database"
"""The name of the host of the server's database; a pattern does not mean it."""


def on_database(fault: Fault) -> bool:
    """Whether the fault is on the links between the server's processes, `api` and `scheduler`, and its database."""
    return isinstance(fault, OnLink | ResetPeer) and DATABASE in (fault.a, fault.b)


def ends_at(fault: Fault) -> timedelta | None:
    """When the fault ends by itself, from the start of the run; None if it strikes once or stays."""
    lasting: timedelta | None = getattr(fault, "lasting", None)
    return None if lasting is None else fault.at + lasting


def hosts(fault: Fault) -> tuple[str, ...]:
    """The host names or patterns the fault is about."""
    return (fault.target,) if isinstance(fault, OnHost) else (fault.a, fault.b)


__all__ = [
    "DATABASE",
    "FAULTS",
    "Aftermath",
    "BadCertificate",
    "CertificateFlaw",
    "ClockSkew",
    "CloseIdle",
    "CorruptReplies",
    "DelayReplies",
    "DelayRequests",
    "Direction",
    "DiskFull",
    "DnsFailure",
    "DuplicateRequests",
    "Fault",
    "Flaw",
    "Kill",
    "Latency",
    "LoseReplies",
    "LoseRequests",
    "OnCalls",
    "OnHost",
    "OnLink",
    "OutOfMemory",
    "PacketLoss",
    "Partition",
    "Pause",
    "RenewClient",
    "Reordering",
    "ResetPeer",
    "RestartServer",
    "RevokeClient",
    "RotateCertificate",
    "ServerErrors",
    "Stop",
    "TruncateReplies",
    "Victim",
    "ends_at",
    "hosts",
    "on_database",
]
