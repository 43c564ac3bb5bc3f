"""What was busy at a step: each thing that can run out, how much of it was used, and the one to name."""

from __future__ import annotations

from dataclasses import dataclass

from harness.capacity.levels import SATURATED
from harness.capacity.step import Step

#: The part of a thing that is as good as all of it: the rest goes to what no sample sees.
BUSY = 0.85
#: So much of the machine in the hands of others, and a step says little about the server.
OTHERS_MOST = 0.25
OURS = ("server", "database", "generator")


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What there is: cores of the machine, and processes of the server, each of which can use one."""

    cores: int
    server_processes: int = 1


@dataclass(frozen=True, kw_only=True)
class Busy:
    """One thing that can run out: how much of it was in use, from 0 to 1."""

    what: str
    used: float


def used(step: Step, hardware: Hardware) -> tuple[Busy, ...]:
    """Each thing that was sampled, the busiest first."""
    cores = step.usage.cores
    shares = {
        "server CPU": ("server", hardware.server_processes),
        "database CPU": ("database", hardware.cores),
        "generator CPU": ("generator", 1),
        "all of the machine's CPU": ("machine", hardware.cores),
    }
    found = [Busy(what=what, used=cores[role] / of) for what, (role, of) in shares.items() if role in cores]
    return tuple(sorted(found, key=lambda each: -each.used))


def others(step: Step) -> float:
    """Cores that neither the server nor its database nor the generator had."""
    cores = step.usage.cores
    return max(0.0, cores.get("machine", 0.0) - sum(cores.get(role, 0.0) for role in OURS))


def bottleneck(step: Step, hardware: Hardware) -> str:
    """What ran out at that step, in words."""
    busy = f"; others used {others(step):.1f} cores of this machine" if _disturbed(step, hardware) else ""
    return _ran_out(step, hardware) + busy


def _disturbed(step: Step, hardware: Hardware) -> bool:
    return others(step) > OTHERS_MOST * hardware.cores


def _ran_out(step: Step, hardware: Hardware) -> str:
    if any(SATURATED in why for why in step.why):
        return "the load generator: the server may carry more"
    busiest = [each for each in used(step, hardware) if each.used >= BUSY]
    server = [each for each in busiest if each.what.startswith(("server", "database"))]
    for each in server or busiest:
        return f"{each.what}, {each.used:.0%} in use"
    if step.usage.lag > 1:
        return "nothing is out of CPU, and a bare call waits: locks or connections to the database, or the network"
    return "nothing that was sampled: no CPU was busy and a bare call was answered at once"
