"""What a fault of a plan must be to strike at all; every refusal names the fix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from harness.model.faults import (
    DATABASE,
    BadCertificate,
    ClockSkew,
    DelayReplies,
    DelayRequests,
    Fault,
    Kill,
    Latency,
    OnCalls,
    OnHost,
    OutOfMemory,
    PacketLoss,
    Pause,
    RenewClient,
    Reordering,
    RestartServer,
    RevokeClient,
    RotateCertificate,
    ServerErrors,
    Stop,
    TruncateReplies,
    Victim,
    ends_at,
    hosts,
    on_database,
)
from harness.model.names import no_such
from harness.model.operations import NAMES
from harness.model.plan import Plan
from harness.model.tls_faults import Tls
from harness.units import format_duration

API, SCHEDULER = "api", "scheduler"
_SECOND, _NEVER = timedelta(seconds=1), timedelta.max

_ROWS: tuple[tuple[tuple[type[Fault | OnCalls], ...], Callable[[Any], bool], str], ...] = (
    # which faults, what must hold of them, what to say where it does not
    (
        (PacketLoss, Reordering),
        lambda fault: 0 < fault.probability <= 1,
        "needs a probability above 0, up to 1",
    ),
    ((Reordering,), lambda fault: fault.delay, "holds nothing back: give it a delay"),
    ((Latency,), lambda fault: fault.delay or fault.jitter, "delays nothing: give it a delay or a jitter"),
    ((ServerErrors,), lambda fault: 400 <= fault.status <= 599, "must answer a status from 400 to 599"),
    (
        (ServerErrors,),
        lambda fault: not (fault.retry_after or _SECOND) % _SECOND,
        "needs whole seconds as `retry_after`, as HTTP's Retry-After has",
    ),
    (
        (OnCalls,),
        lambda fault: fault.times is None or fault.times >= 1,
        "must strike at least once: leave `times` out for no limit",
    ),
    ((OnCalls,), lambda fault: fault.nth >= 1, "strikes from the `nth` call on that fits: count from 1"),
    (
        (OnCalls,),
        lambda fault: (
            fault.header is None or (":" in fault.header and fault.header.partition(":")[0].strip())
        ),
        "needs a `header` like 'user-agent: *httpx*', name and pattern",
    ),
    ((DelayRequests, DelayReplies), lambda fault: fault.delay, "delays nothing: give it a delay"),
    ((TruncateReplies,), lambda fault: fault.keep >= 0, "must keep 0 bytes of the body or more"),
    (
        (ClockSkew,),
        lambda fault: bool(fault.ahead) != bool(fault.behind),
        "needs either `ahead` or `behind`: how far the clock jumps",
    ),
)


def wrong_faults(plan: Plan) -> Iterator[str]:
    """What is wrong with the plan's faults."""
    workers = [worker.name for worker in plan.workers]
    for fault in plan.faults:
        about = f"{type(fault).__name__} at {format_duration(fault.at)}"
        for kinds, holds, complaint in _ROWS:
            if isinstance(fault, kinds) and not holds(fault):
                yield f"{about} {complaint}"
        yield from (f"{about} {complaint}" for complaint in _wrong_times(fault, plan))
        if not can_be(type(fault), plan.tls):
            yield f"{about} can never strike: {_NEEDS_TLS[type(fault)]}"
        if not victims(fault, workers):
            yield f"{about} can never strike: {_nobody(fault, workers)}"
        if isinstance(fault, OnCalls) and not _names_calls(fault.calls):
            yield f"{about} can never strike: {no_such('call', fault.calls, NAMES)}"
    yield from _wrong_order(plan, workers)


_NEEDS_TLS: dict[type[Fault], str] = {
    BadCertificate: "workers talk http to the API: give the scenario tls=Tls.SERVER",
    RotateCertificate: "workers talk http to the API: give the scenario tls=Tls.SERVER",
    **dict.fromkeys(
        (RevokeClient, RenewClient), "workers show no certificate: give the scenario tls=Tls.MUTUAL"
    ),
}


def can_be(kind: type[Fault], tls: Tls) -> bool:
    """Whether connections of that kind are such as the fault needs."""
    if kind in (RevokeClient, RenewClient):
        return tls is Tls.MUTUAL
    return kind not in _NEEDS_TLS or tls is not Tls.OFF


def _names_calls(pattern: str) -> bool:
    """Whether some call fits; of methods and paths, where there is a space, anything may."""
    return " " in pattern or any(fnmatchcase(name, pattern) for name in NAMES)


def victims(fault: Fault, workers: list[str]) -> list[str]:
    """The hosts that the fault can strike: the workers at whose end of a link it is felt, or of the server who it is."""
    if isinstance(fault, RestartServer | RotateCertificate):
        return [API] if fault.target == API else []
    if isinstance(fault, OnHost):
        return [name for name in workers if fnmatchcase(name, fault.target)]
    ends = (
        [(fault.a, fault.b)]
        if isinstance(fault, OnCalls | BadCertificate)
        else [(fault.a, fault.b), (fault.b, fault.a)]
    )
    if on_database(fault):
        far = [mine for mine, other in ends if other == DATABASE]
        return [name for name in (API, SCHEDULER) if any(fnmatchcase(name, mine) for mine in far)]
    near = [mine for mine, other in ends if fnmatchcase(API, other)]
    return [name for name in workers if any(fnmatchcase(name, mine) for mine in near)]


def _wrong_times(fault: Fault, plan: Plan) -> Iterator[str]:
    storm, end = format_duration(plan.until), ends_at(fault)
    if fault.at > plan.until:
        yield f"is outside the storm: 0s … {storm}"
    elif end is not None and end <= fault.at:
        yield "must last longer than 0s"
    elif end is not None and end > plan.until:
        yield f"ends at {format_duration(end)}, after the storm: raise `until` ({storm}) or shorten the fault"


def _nobody(fault: Fault, workers: list[str]) -> str:
    """Why the fault has no victims."""
    known = [*workers, API, SCHEDULER, DATABASE]
    for name in hosts(fault):
        if not any(fnmatchcase(host, name) for host in known):
            return no_such("host", name, known)
    if isinstance(fault, RestartServer):
        return f"only {API!r} is a server: leave its target out, or use Kill"
    if isinstance(fault, RotateCertificate):
        return f"only {API!r} has a certificate that is rotated: leave its target out, or use RenewClient"
    if isinstance(fault, RevokeClient | RenewClient):
        return f"{fault.target!r} is no worker, and only workers are clients: name one"
    if isinstance(fault, OnHost):
        return f"{fault.target!r} is no worker: use RestartServer for the API server"
    if isinstance(fault, OnCalls | BadCertificate):
        return f"calls go from workers to the API: let `a` be a worker and `b` be {API!r}"
    if on_database(fault):
        return f"only {API!r} and {SCHEDULER!r} talk to {DATABASE!r}: name one of them"
    return f"nothing passes between {fault.a!r} and {fault.b!r}: let one be a worker and the other {API!r}"


def ends_processes(fault: Fault) -> bool:
    """Whether the fault ends the process of the worker, or of the server, and it comes back after `lasting` or never."""
    if isinstance(fault, OutOfMemory):
        return fault.victim is Victim.WORKER
    return isinstance(fault, (Kill, Stop, RestartServer))


def takes_down(fault: Fault) -> bool:
    """Whether nothing can strike the victim until it is back. A worker that is told to end may work on for long, and
    what a worker has started lives on where only that dies.
    """
    return isinstance(fault, (Kill, RestartServer))


def _wrong_order(plan: Plan, workers: list[str]) -> Iterator[str]:
    """Faults whose victims are all down for as long as they might strike."""
    down: defaultdict[str, list[tuple[timedelta, timedelta]]] = defaultdict(list)
    for fault in sorted(plan.faults, key=lambda each: each.at):
        crashes = takes_down(fault)
        at_once = ends_processes(fault) or isinstance(fault, (Pause, ClockSkew))
        last = fault.at if at_once else ends_at(fault) or fault.at
        found = victims(fault, workers)
        up = [name for name in found if not any(since <= fault.at and last <= to for since, to in down[name])]
        if found and not up and not isinstance(fault, RotateCertificate):  # that needs nobody
            since, to = down[found[0]][-1]
            until = "the end" if to == _NEVER else format_duration(to)
            yield (
                f"{type(fault).__name__} at {format_duration(fault.at)} can never strike:"
                f" {found[0]} is down from {format_duration(since)} to {until}: move one of the two faults"
            )
        if crashes:
            for name in up:
                down[name].append((fault.at, ends_at(fault) or _NEVER))
