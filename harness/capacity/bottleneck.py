"""What was busy at a step: each thing that can run out, how much of it was used, and the one to name."""

from __future__ import annotations

from dataclasses import dataclass

from harness.capacity.levels import SATURATED
from harness.capacity.step import Step

#: The part of a thing that is as good as all of it: the rest goes to what no sample sees.
BUSY = 0.85
#: So much of the machine in the hands of others, and a step says little about the server.
OTHERS_MOST = 0.25
CONNECTIONS = "connections to the database"
#: Seconds that a bare call waits where something is in its way.
WAITS = 1.0
OURS = ("server", "database", "generator")


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What there is: cores of the machine; processes of the server and of the generator, each of which can use one; and
    connections that the server may have to its database, 0 where nobody knows.
    """

    cores: int
    server_processes: int = 1
    generators: int = 1
    connections: int = 0


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
        "generator CPU": ("generator", hardware.generators),
        "all of the machine's CPU": ("machine", hardware.cores),
    }
    found = [Busy(what=what, used=cores[role] / of) for what, (role, of) in shares.items() if role in cores]
    if hardware.connections:
        found.append(Busy(what=CONNECTIONS, used=step.usage.connections / hardware.connections))
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
    server = [each for each in busiest if each.what.startswith(("server", "database", CONNECTIONS))]
    for each in server or busiest:
        return f"{each.what}, {each.used:.0%} in use"
    return _waits(step)


def _waits(step: Step) -> str:
    """What calls wait for where no CPU is busy."""
    lag, queue = step.usage.lag, step.usage.queue
    if lag > WAITS:
        return f"the server's event loop, or the network: no CPU was busy, and a bare call took {lag:.1f} s"
    if queue > WAITS:
        return (
            f"the server's threads: no CPU was busy, a call that needs one took {queue:.1f} s and one that needs none"
            f" {lag:.1f} s; they wait for locks or connections of the database"
        )
    return "nothing that was sampled: no CPU was busy and a bare call was answered at once"
