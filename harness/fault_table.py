"""Which fault each world can apply, and how: one table for people, made of what nemesis and worlds declare.

`python -m harness.fault_table` prints it as it stands in harness/README.md.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping

from harness.live import abilities as live
from harness.model.faults import FAULTS, Fault
from harness.nemesis import ACTIONS
from harness.ports import Capability
from harness.sim import abilities as sim

WORLDS: Mapping[str, tuple[Mapping[Capability, str], Mapping[Capability, str]]] = {
    "sim": (sim.HOW, sim.LACKS),
    "live": (live.HOW, live.LACKS),
}
"""By world: how it does what it can, and why it cannot do the rest."""


ON_DATABASE = 'the same of links, with `b="database"`'
IS_SLOW = "The database is slow, gone, or resets connections for `a`: `api` or `scheduler` of the server."


def ways(kind: type[Fault]) -> Iterator[tuple[str, str]]:
    """Each world, and how it applies the fault, or `not here` and the reason."""
    return ways_of(ACTIONS[kind][0])


def ways_of(capability: Capability) -> Iterator[tuple[str, str]]:
    """The same for all faults that need it."""
    for world, (how, lacks) in WORLDS.items():
        told = how[capability] if capability in how else f"not here: {lacks[capability]}"
        yield world, "; ".join([told, *_elsewhere(capability)] if world == "live" else [told])


def _elsewhere(capability: Capability) -> Iterator[str]:
    """What other hosts than processes make of it, where that is something else."""
    for hosts, better in live.BETTER.items():
        if capability in better:
            yield f"with `--hosts {hosts}`: {better[capability]}"
    if capability in live.THROUGH_TOXIPROXY:
        yield f"with `--toxiproxy`: {live.THROUGH_TOXIPROXY[capability]}"


def does(kind: type[Fault]) -> str:
    """What the fault does, in a sentence or two."""
    return " ".join((inspect.getdoc(kind) or "").split())


def markdown() -> Iterator[str]:
    """The lines of the table."""
    yield f"| fault | does | {' | '.join(WORLDS)} |"
    yield "|---" * (len(WORLDS) + 2) + "|"
    for kind in FAULTS:
        yield f"| `{kind.__name__}` | {does(kind)} | {' | '.join(how for _, how in ways(kind))} |"
    yield f"| {ON_DATABASE} | {IS_SLOW} | {' | '.join(how for _, how in ways_of(Capability.DATABASE))} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(markdown()) + "\n")
