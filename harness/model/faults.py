"""The faults, as data. A fault says what, to whom, when (`at`, from the start of the run) and for how long.

Hosts are named `worker-1`, `worker-2`, …, and `api`; a name may be a pattern (`worker-*`).
`calls` is a pattern over the operation names of `harness.model.operations` (`ti.run`, `jobs.*`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from harness.units import ms, seconds


class Direction(StrEnum):
    """Which way of a link a fault strikes."""

    BOTH = "both"
    FORTH = "forth"  # from `a` to `b`
    BACK = "back"  # from `b` to `a`


class Aftermath(StrEnum):
    """What the client sees of a request or reply that was lost."""

    RESET = "reset"  # the connection breaks at once (RST)
    SILENCE = "silence"  # nothing more comes: the client's own timeout must end the call


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
class ResetPeer:
    """All live connections between `a` and `b` break at once with RST (Toxiproxy's reset_peer)."""

    a: str
    b: str
    at: timedelta


@dataclass(frozen=True, kw_only=True)
class LoseRequests:
    """Requests from `a` to `b` are lost before the server sees them; at most `times` of them."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    calls: str = "*"
    times: int | None = None
    then: Aftermath = Aftermath.RESET


@dataclass(frozen=True, kw_only=True)
class LoseReplies:
    """The server applies the request and the client never hears; at most `times` times."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    calls: str = "*"
    times: int | None = None
    then: Aftermath = Aftermath.RESET


@dataclass(frozen=True, kw_only=True)
class ServerErrors:
    """Something before the server answers `status` itself; the server never sees the request."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    calls: str = "*"
    times: int | None = None
    status: int = 503
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Kill:
    """The host's processes die at once (SIGKILL), the worker and its tasks; it comes back after `lasting`.

    Without `lasting` it stays dead.
    """

    target: str
    at: timedelta
    lasting: timedelta | None = None


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


Fault = (
    Partition
    | Latency
    | PacketLoss
    | ResetPeer
    | LoseRequests
    | LoseReplies
    | ServerErrors
    | Kill
    | Pause
    | RestartServer
)
FAULTS: tuple[type[Fault], ...] = (
    Partition,
    Latency,
    PacketLoss,
    ResetPeer,
    LoseRequests,
    LoseReplies,
    ServerErrors,
    Kill,
    Pause,
    RestartServer,
)
"""Every kind of fault, in the order in which they are listed to people."""


def ends_at(fault: Fault) -> timedelta | None:
    """When the fault ends by itself, from the start of the run; None if it strikes once or stays."""
    lasting: timedelta | None = getattr(fault, "lasting", None)
    return None if lasting is None else fault.at + lasting


def hosts(fault: Fault) -> tuple[str, ...]:
    """The host names or patterns the fault is about."""
    return (fault.target,) if isinstance(fault, (Kill, Pause, RestartServer)) else (fault.a, fault.b)
