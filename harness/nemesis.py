"""The nemesis applies a plan's faults to a world, and writes what it does into the History."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from harness.errors import NotCapable
from harness.model import faults as f
from harness.model.faults import Fault, ends_at
from harness.model.plan import Plan
from harness.model.tls_faults import Tls
from harness.ports import Capability, Clock, Heal, Strike, World
from harness.toxics.links import Impairment
from harness.toxics.rules import Does, Rule
from harness.units import format_duration, nanoseconds


def _nothing() -> None:
    """What mends a fault that strikes once."""


def _on_link(impairment: Callable[[Any], dict[str, Any]]) -> Callable[[f.OnLink, World, Strike], Heal]:
    """A fault that lies on a link for a while; `impairment` has the fields that it sets."""

    def act(fault: f.OnLink, world: World, strike: Strike) -> Heal:
        heals = world.clock.now() + nanoseconds(fault.lasting)  # by the clock: it may have begun late

        def left() -> int:
            return heals - world.clock.now()

        impaired = Impairment(strike=strike, left=left, **impairment(fault))
        return world.network.impair(fault.a, fault.b, fault.direction, impaired)

    return act


def _late(fault: f.Latency) -> dict[str, int]:
    return {"delay": nanoseconds(fault.delay), "jitter": nanoseconds(fault.jitter)}


def _reset_peer(fault: f.ResetPeer, world: World, strike: Strike) -> Heal:
    world.network.reset(fault.a, fault.b, strike)
    return _nothing


def _on_calls(does: Does) -> Callable[[f.OnCalls, World, Strike], Heal]:
    """A fault whose fields are those of a rule."""

    def act(fault: f.OnCalls, world: World, strike: Strike) -> Heal:
        given = {field.name: getattr(fault, field.name) for field in fields(fault)}
        rule = {name: _in_seconds(item) for name, item in given.items() if name in _OF_RULES}
        return world.network.rule(Rule(does=does, strike=strike, **rule))

    return act


_OF_RULES = frozenset(field.name for field in fields(Rule))


def _in_seconds(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _server_errors(fault: f.ServerErrors, world: World, strike: Strike) -> Heal:
    return _on_calls(Does.EXCHANGE_REPLY if fault.applied else Does.ANSWER)(fault, world, strike)


def _dns_failure(fault: f.DnsFailure, world: World, strike: Strike) -> Heal:
    return world.network.break_names(fault.target, fault.stale, strike)


def _kill(fault: f.Kill, world: World, strike: Strike) -> Heal:
    return world.fleet.kill(fault.target, strike)


def _out_of_memory(fault: f.OutOfMemory, world: World, strike: Strike) -> Heal:
    return world.fleet.starve(fault.target, fault.victim, strike, goes_on=fault.lasting is not None)


def _stop(fault: f.Stop, world: World, strike: Strike) -> Heal:
    return world.fleet.terminate(fault.target, fault.drain, strike)


def _disk_full(fault: f.DiskFull, world: World, strike: Strike) -> Heal:
    return world.fleet.fill_disk(fault.target, strike)


def _clock_skew(fault: f.ClockSkew, world: World, strike: Strike) -> Heal:
    return world.fleet.skew(fault.target, fault.ahead - fault.behind, strike)


def _pause(fault: f.Pause, world: World, strike: Strike) -> Heal:
    return world.fleet.pause(fault.target, strike)


def _restart_server(fault: f.RestartServer, world: World, strike: Strike) -> Heal:
    return world.server.restart(fault.target, strike)


def _bad_certificate(fault: f.BadCertificate, world: World, strike: Strike) -> Heal:
    return world.network.show_certificate(fault.a, fault.b, fault.flaw, strike)


def _revoke_client(fault: f.RevokeClient, world: World, strike: Strike) -> Heal:
    return world.network.revoke(fault.target, strike)


def _renew_client(fault: f.RenewClient, world: World, strike: Strike) -> Heal:
    return world.network.renew(fault.target, strike, late=fault.late)


def _rotate_certificate(fault: f.RotateCertificate, world: World, strike: Strike) -> Heal:
    world.network.rotate_certificate(fault.ca, strike)
    return _nothing


ACTIONS: dict[type[Fault], tuple[Capability, Callable[..., Heal]]] = {
    f.Partition: (Capability.PARTITION, _on_link(lambda fault: {"cuts": True})),
    f.Latency: (Capability.LATENCY, _on_link(_late)),
    f.PacketLoss: (Capability.PACKET_LOSS, _on_link(lambda fault: {"loss": fault.probability})),
    f.Reordering: (
        Capability.REORDERING,
        _on_link(lambda fault: {"held": fault.probability, "delay": nanoseconds(fault.delay)}),
    ),
    f.ResetPeer: (Capability.RESET, _reset_peer),
    f.LoseRequests: (Capability.HTTP_RULES, _on_calls(Does.LOSE_REQUEST)),
    f.LoseReplies: (Capability.HTTP_RULES, _on_calls(Does.LOSE_REPLY)),
    f.ServerErrors: (Capability.HTTP_RULES, _server_errors),
    f.DelayRequests: (Capability.HTTP_RULES, _on_calls(Does.DELAY_REQUEST)),
    f.DelayReplies: (Capability.HTTP_RULES, _on_calls(Does.DELAY_REPLY)),
    f.DuplicateRequests: (Capability.HTTP_RULES, _on_calls(Does.DUPLICATE)),
    f.TruncateReplies: (Capability.HTTP_RULES, _on_calls(Does.CUT_REPLY)),
    f.CorruptReplies: (Capability.HTTP_RULES, _on_calls(Does.SPOIL_REPLY)),
    f.CloseIdle: (Capability.HTTP_RULES, _on_calls(Does.CLOSE_IDLE)),
    f.Kill: (Capability.KILL, _kill),
    f.OutOfMemory: (Capability.OUT_OF_MEMORY, _out_of_memory),
    f.Stop: (Capability.STOP, _stop),
    f.Pause: (Capability.PAUSE, _pause),
    f.DiskFull: (Capability.DISK, _disk_full),
    f.ClockSkew: (Capability.CLOCK_SKEW, _clock_skew),
    f.DnsFailure: (Capability.DNS, _dns_failure),
    f.RestartServer: (Capability.RESTART_SERVER, _restart_server),
    f.BadCertificate: (Capability.TLS, _bad_certificate),
    f.RevokeClient: (Capability.TLS, _revoke_client),
    f.RenewClient: (Capability.TLS, _renew_client),
    f.RotateCertificate: (Capability.TLS, _rotate_certificate),
}


def check_capable(
    plan: Plan,
    *,
    world: str,
    capabilities: frozenset[Capability],
    lacks: Mapping[Capability, str] = MappingProxyType({}),
) -> None:
    """Raise NotCapable where the plan asks for what that world cannot do, with the reason that `lacks` gives."""
    needed = [(type(fault).__name__, ACTIONS[type(fault)][0]) for fault in plan.faults]
    needed += [(type(fault).__name__, Capability.DATABASE) for fault in plan.faults if f.on_database(fault)]
    needed += [("workers", Capability.TLS)] if plan.tls is not Tls.OFF else []
    needed += [(task.key, Capability.TASK_CODE) for task in plan.submissions if task.acts]
    needed += [(worker.name, Capability(f"{worker.kind} workers")) for worker in plan.workers]
    for name, capability in needed:
        if capability not in capabilities:
            why = f", as {lacks[capability]}" if capability in lacks else ""
            raise NotCapable(
                f"the plan's {name} needs {capability.value!r}, which the {world} world cannot do{why}:"
                " choose another --world or take it out of the plan"
            )


def describe(fault: Fault) -> str:
    """The fault in a few words: `Partition worker-1 ↔ api for 2m`."""
    arrow = {"forth": "→", "back": "←"}.get(str(getattr(fault, "direction", "")), "↔")
    who = fault.target if isinstance(fault, f.OnHost) else f"{fault.a} {arrow} {fault.b}"
    words = [type(fault).__name__, who]
    if isinstance(fault, f.BadCertificate):
        words.append(fault.flaw.value.replace("-", " "))
    if isinstance(fault, f.RotateCertificate) and fault.ca:
        words.append("with its CA")
    if getattr(fault, "late", False):
        words.append("late")
    if calls := getattr(fault, "calls", None):
        words.append(f"on {calls}")
    if (nth := getattr(fault, "nth", 1)) > 1:
        words.append(f"from call {nth} on")
    if victim := getattr(fault, "victim", None):
        words.append(f"kills a {victim}")
    if getattr(fault, "drain", False):
        words.append("when its work is done")
    words += [
        f"{format_duration(by)} {way}" for way in ("ahead", "behind") if (by := getattr(fault, way, None))
    ]
    if times := getattr(fault, "times", None):
        words.append("once" if times == 1 else f"{times} times")
    elif (lasting := getattr(fault, "lasting", None)) is not None:
        words.append(f"for {format_duration(lasting)}")
    return " ".join(words)


def lateness(clock: Clock, due: timedelta) -> timedelta:
    """How long ago that was due. On a busy machine things begin late; they last as long as planned all the same."""
    return timedelta(microseconds=max(clock.now() - nanoseconds(due), 0) // 1_000)


async def unleash(plan: Plan, world: World) -> None:
    """Apply every fault of the plan at its time, for as long as it lasts."""
    async with asyncio.TaskGroup() as group:
        for index, fault in enumerate(plan.faults):
            group.create_task(_strike_with(index, fault, world), name=f"fault {index}: {describe(fault)}")


async def _strike_with(index: int, fault: Fault, world: World) -> None:
    strikes: Counter[str] = Counter()

    def say(f: str, **value: Any) -> None:
        world.record(witness="nemesis", process="nemesis", type="info", f=f, value={"fault": index, **value})

    def strike(victim: str, what: str) -> None:
        strikes[victim] += 1
        if strikes[victim] == 1:  # a partition strikes each segment: once a victim is enough to read
            say("fault.strike", victim=victim, what=what)

    await world.clock.sleep_until(fault.at)
    late = lateness(world.clock, fault.at)
    say("fault.begin", name=type(fault).__name__, text=describe(fault))
    heal = ACTIONS[type(fault)][1](fault, world, strike)
    end = ends_at(fault)
    if end is not None:
        await world.clock.sleep_until(end + late)
        heal()
    say("fault.end", name=type(fault).__name__, strikes=strikes.total())
