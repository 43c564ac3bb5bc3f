"""The nemesis applies a plan's faults to a world, and writes what it does into the History."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.errors import NotCapable
from harness.model import faults as f
from harness.model.faults import Fault, ends_at
from harness.model.plan import Plan
from harness.ports import Capability, Heal, Strike, World
from harness.toxics.rules import Lost, Rule
from harness.units import format_duration


def _nothing() -> None:
    """What mends a fault that strikes once."""


def _partition(fault: f.Partition, world: World, strike: Strike) -> Heal:
    return world.network.cut(fault.a, fault.b, fault.direction, strike)


def _latency(fault: f.Latency, world: World, strike: Strike) -> Heal:
    return world.network.delay(fault.a, fault.b, fault.direction, fault.delay, fault.jitter, strike)


def _packet_loss(fault: f.PacketLoss, world: World, strike: Strike) -> Heal:
    return world.network.lose(fault.a, fault.b, fault.direction, fault.probability, strike)


def _reset_peer(fault: f.ResetPeer, world: World, strike: Strike) -> Heal:
    world.network.reset(fault.a, fault.b, strike)
    return _nothing


def _rule(
    fault: f.LoseRequests | f.LoseReplies | f.ServerErrors, does: Lost, strike: Strike, **more: Any
) -> Rule:
    return Rule(a=fault.a, b=fault.b, calls=fault.calls, times=fault.times, does=does, strike=strike, **more)


def _lose_requests(fault: f.LoseRequests, world: World, strike: Strike) -> Heal:
    return world.network.rule(_rule(fault, Lost.REQUEST, strike, then=fault.then))


def _lose_replies(fault: f.LoseReplies, world: World, strike: Strike) -> Heal:
    return world.network.rule(_rule(fault, Lost.REPLY, strike, then=fault.then))


def _server_errors(fault: f.ServerErrors, world: World, strike: Strike) -> Heal:
    retry_after = None if fault.retry_after is None else int(fault.retry_after.total_seconds())
    return world.network.rule(
        _rule(fault, Lost.ANSWERED, strike, status=fault.status, retry_after=retry_after)
    )


def _kill(fault: f.Kill, world: World, strike: Strike) -> Heal:
    return world.fleet.kill(fault.target, strike)


def _pause(fault: f.Pause, world: World, strike: Strike) -> Heal:
    return world.fleet.pause(fault.target, strike)


def _restart_server(fault: f.RestartServer, world: World, strike: Strike) -> Heal:
    return world.server.restart(fault.target, strike)


ACTIONS: dict[type[Fault], tuple[Capability, Callable[..., Heal]]] = {
    f.Partition: (Capability.PARTITION, _partition),
    f.Latency: (Capability.LATENCY, _latency),
    f.PacketLoss: (Capability.PACKET_LOSS, _packet_loss),
    f.ResetPeer: (Capability.RESET, _reset_peer),
    f.LoseRequests: (Capability.HTTP_RULES, _lose_requests),
    f.LoseReplies: (Capability.HTTP_RULES, _lose_replies),
    f.ServerErrors: (Capability.HTTP_RULES, _server_errors),
    f.Kill: (Capability.KILL, _kill),
    f.Pause: (Capability.PAUSE, _pause),
    f.RestartServer: (Capability.RESTART_SERVER, _restart_server),
}


def check_capable(plan: Plan, *, world: str, capabilities: frozenset[Capability]) -> None:
    """Raise NotCapable where the plan asks for what that world cannot do."""
    needed = [(type(fault).__name__, ACTIONS[type(fault)][0]) for fault in plan.faults]
    needed += [(worker.name, Capability(f"{worker.kind} workers")) for worker in plan.workers]
    for name, capability in needed:
        if capability not in capabilities:
            raise NotCapable(
                f"the plan's {name} needs {capability.value!r}, which the {world} world cannot do:"
                " choose another --world or take it out of the plan"
            )


def describe(fault: Fault) -> str:
    """The fault in a few words: `Partition worker-1 ↔ api for 2m`."""
    arrow = {"forth": "→", "back": "←"}.get(str(getattr(fault, "direction", "")), "↔")
    who = (
        fault.target
        if isinstance(fault, (f.Kill, f.Pause, f.RestartServer))
        else f"{fault.a} {arrow} {fault.b}"
    )
    words = [type(fault).__name__, who]
    if calls := getattr(fault, "calls", None):
        words.append(f"on {calls}")
    if times := getattr(fault, "times", None):
        words.append("once" if times == 1 else f"{times} times")
    elif (lasting := getattr(fault, "lasting", None)) is not None:
        words.append(f"for {format_duration(lasting)}")
    return " ".join(words)


async def unleash(plan: Plan, world: World) -> None:
    """Apply every fault of the plan at its time, and end it at its time."""
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
    say("fault.begin", name=type(fault).__name__, text=describe(fault))
    heal = ACTIONS[type(fault)][1](fault, world, strike)
    end = ends_at(fault)
    if end is not None:
        await world.clock.sleep_until(end)
        heal()
    say("fault.end", name=type(fault).__name__, strikes=strikes.total())
