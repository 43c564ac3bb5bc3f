"""What a mutant is, and the weather in which one is tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from harness.model.faults import Fault, Kill, Partition
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import ALL_INVARIANTS, Fleet, Scenario, Tasks, Workers
from harness.model.verdict import Counterexample, Kind
from harness.search.storms import storm_plan
from harness.sim.world import Parts
from harness.units import minutes, seconds

FOR_EVER = 1e9
"""Seconds; more than any run has."""

CUT = Partition(a="worker-1", b="api", at=seconds(40), lasting=minutes(3))
LONG_CUT = replace(CUT, lasting=minutes(6))
DEATH = Kill(target="worker-1", at=seconds(40))
CRASH = replace(DEATH, lasting=minutes(1))


def weather(
    *faults: Fault,
    workers: int = 2,
    slots: int = 2,
    tasks: int = 8,
    lasting: timedelta = seconds(30),
    task_slots: int = 1,
    retries: int = 2,
    retry_delay: timedelta = minutes(5),
    failing_first: int = 0,
    options: Mapping[str, str] | None = None,
    invariants: tuple[str, ...] = ALL_INVARIANTS,
) -> Scenario:
    """A small fleet of our own workers, tasks that last between half of `lasting` and all of it, and the faults."""
    return Scenario(
        fleet=Fleet(count=workers, slots=slots, kind=Workers.SCRIPTED),
        tasks=Tasks(
            count=tasks,
            lasting=(lasting / 2, lasting),
            over=seconds(30),
            slots=task_slots,
            retries=retries,
            retry_delay=retry_delay,
            failing_first=failing_first,
        ),
        faults=faults,
        invariants=invariants,
        until=minutes(10),
        settle=minutes(20),
        options=options or {},
    )


def as_drawn(plan: Plan) -> Plan:
    """The plan as it is."""
    return plan


def two_queues(plan: Plan) -> Plan:
    """Every second task and every second worker have a queue of their own."""
    workers = [replace(each, queues=("apart",)) if n % 2 else each for n, each in enumerate(plan.workers)]
    tasks = [replace(each, queue="apart") if n % 2 else each for n, each in enumerate(plan.submissions)]
    return replace(plan, workers=tuple(workers), submissions=tuple(tasks))


def one_name(plan: Plan) -> Plan:
    """All workers come under the name of the first."""
    first, *others = plan.workers
    return replace(plan, workers=(first, *(replace(each, alias=first.name) for each in others)))


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """The correct system with one thing done wrong, the weather that gives the wrong a chance, and who must notice.

    `wrong` are its parts, `right` those of the correct system on the same plans: they differ from the usual ones where
    only a client that asks for what it must not get can tell. `seed` is the first that is known to kill it.
    """

    name: str
    about: str
    caught_by: str
    wrong: Parts
    right: Parts = field(default_factory=Parts)
    scenario: Scenario = field(default_factory=weather)
    edit: Callable[[Plan], Plan] = as_drawn
    seed: int = 1

    def plan(self, seed: int, *, storm: bool = False) -> Plan:
        """The plan of that seed: the weather that is there for the mutant, or a storm drawn blindly, as a swarm draws it."""
        make = storm_plan if storm else make_plan
        return self.edit(make(self._promising(), seed, name=self.name))

    def _promising(self) -> Scenario:
        """The scenario with the promise that is there for the mutant: some are only made where they are named."""
        named = dict.fromkeys((*self.scenario.invariants, self.caught_by))
        return replace(self.scenario, invariants=tuple(named))

    def kills(self, found: Counterexample, *, storm: bool) -> bool:
        """Whether that tells of the mutant: the promise that is there for it, in a storm any but those of the storm."""
        return found.kind is not Kind.EXERCISED if storm else found.invariant == self.caught_by
