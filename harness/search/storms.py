"""A storm that is drawn: which faults, how many, when, how long, on what; the fleet, and Airflow's intervals.

Who draws is left open: the swarm draws from a seed, `harness.strategies` lets Hypothesis choose. What is first in a list
of choices is the simplest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from datetime import timedelta
from enum import Enum
from typing import Any, cast

from harness.errors import BadPlan
from harness.model.codec import hints_of
from harness.model.draws import Draw
from harness.model.fault_checks import can_be
from harness.model.faults import FAULTS, Fault
from harness.model.operations import NAMES
from harness.model.options import values
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.rng import Streams
from harness.search.kinds import STATUSES
from harness.units import minutes, ms, seconds

FAULTS_MOST = 8
SLACK = minutes(2)
"""For what is looked at now and then."""

_LASTING = (seconds(1), seconds(5), seconds(20), minutes(1), minutes(3), minutes(10))
_CALLS = ("*", "ti.*", "jobs.*", "worker.*", *NAMES)


def _some(draw: Draw, most: timedelta) -> timedelta:
    """A duration whose size is drawn first: short ones are as likely as long ones."""
    return min(most, draw.between(seconds(1), draw.choice(_LASTING)))


_FIELDS: Mapping[str, Callable[[Draw, Plan], Any]] = {
    # how a field of a fault is drawn, whatever fault it is of
    "a": lambda draw, plan: draw.choice(["worker-*", *(worker.name for worker in plan.workers)]),
    "b": lambda draw, plan: "api",
    "target": lambda draw, plan: draw.choice([worker.name for worker in plan.workers]),
    "at": lambda draw, plan: draw.between(timedelta(0), plan.until - seconds(1)),
    "lasting": lambda draw, plan: _some(draw, plan.until),
    "calls": lambda draw, plan: draw.choice(_CALLS),
    "times": lambda draw, plan: draw.choice([1, 1, 2, 5, None]),
    "status": lambda draw, plan: draw.choice(STATUSES),
    "retry_after": lambda draw, plan: draw.choice([None, None, seconds(1), seconds(30)]),
    "delay": lambda draw, plan: draw.between(ms(10), draw.choice([ms(500), seconds(12), minutes(1)])),
    "jitter": lambda draw, plan: draw.between(ms(0), ms(500)),
    "nth": lambda draw, plan: draw.choice([1, 1, 1, 2, 5]),
    "keep": lambda draw, plan: draw.integer(0, 200),
    "ahead": lambda draw, plan: draw.choice([seconds(0), seconds(15), minutes(10)]),
    "behind": lambda draw, plan: draw.choice([seconds(0), seconds(15), minutes(10)]),
    "probability": lambda draw, plan: draw.integer(1, 60) / 100,
}

_INTERVALS: Mapping[str, tuple[str, ...]] = {
    # Airflow's options, and what they may be besides their defaults
    "edge.heartbeat_interval": ("5", "10", "60"),
    "edge.job_poll_interval": ("1", "2", "15"),
    "scheduler.task_instance_heartbeat_timeout": ("60", "120"),
    "workers.max_failed_heartbeats": ("1", "6"),
    "execution_api.jwt_expiration_time": ("60", "180"),
}


_FITTING: Mapping[str, Callable[[Mapping[str, Any], Plan], Any]] = {
    # what a field is where it depends on those before it
    "lasting": lambda values, plan: min(values["lasting"], plan.until - values["at"]),
    "behind": lambda values, plan: seconds(0) if values["ahead"] else values["behind"] or seconds(15),
}


def storm_plan(
    scenario: Scenario,
    seed: int,
    *,
    name: str,
    workers: Workers | None = None,
    kinds: Sequence[type[Fault]] = FAULTS,
) -> Plan:
    """The plan of that seed. The scenario lends its work, its options and promises; its fleet and slots are the most.

    Its own faults give way to the storm. `every_fault_struck` is not promised: a drawn fault may well miss.
    """
    draw, of_plan = Draw(Streams(seed), "swarm"), Draw(Streams(seed), "plan")
    return drawn_plan(scenario, draw, seed=seed, name=name, workers=workers, of_plan=of_plan, kinds=kinds)


def drawn_plan(
    scenario: Scenario,
    draw: Draw,
    *,
    seed: int,
    name: str,
    workers: Workers | None = None,
    of_plan: Draw | None = None,
    kinds: Sequence[type[Fault]] = FAULTS,
    faults_least: int = 1,
    tasks_least: int | None = None,
) -> Plan:
    """The plan with a storm of those kinds of faults, as `draw` has it; `of_plan` draws the tasks, all of them or
    `tasks_least` at least.

    Raises BadPlan where the scenario is none of which a plan could be made.
    """
    calm = replace(scenario, fleet=drawn_fleet(scenario.fleet, draw, least=scenario.tasks.slots))
    options = {**_intervals(draw.named("options")), **scenario.options}
    work = 2 * _work(scenario) / (calm.fleet.count * calm.fleet.slots)
    calm = replace(
        calm,
        tasks=_that_outlast(scenario),
        faults=(),
        invariants=_promises(scenario),
        settle=max(scenario.settle, _mending(scenario, options) + work),
    )
    plan = make_plan(
        calm,
        seed,
        name=name,
        workers=workers,
        options=options,
        draw=of_plan or draw,
        tasks_least=tasks_least,
    )
    return with_storm(plan, draw.named("storm"), kinds, least=faults_least)


def drawn_fleet(most: Fleet, draw: Draw, *, least: int = 1) -> Fleet:
    """A fleet of `most` at most; each worker has `least` slots at least."""
    count = draw.named("fleet").integer(1, most.count)
    slots = draw.named("slots").integer(least, max(most.slots, least))
    return replace(most, count=count, slots=slots)


def _promises(scenario: Scenario) -> tuple[str, ...]:
    kept = tuple(each for each in scenario.invariants if each != "every_fault_struck")
    return kept or scenario.invariants


def _that_outlast(scenario: Scenario) -> Tasks:
    """The tasks with so many tries that a storm cannot use them all up."""
    tasks = scenario.tasks
    within = scenario.until // max(tasks.retry_delay, seconds(10))
    return replace(tasks, retries=max(tasks.retries, within + 2))


def _mending(scenario: Scenario, options: Mapping[str, str]) -> timedelta:
    """Longer than Airflow takes to mend one task: two heartbeat timeouts, the retry delay, and twice stuck in queued."""
    known = values(options)
    queued = known["scheduler.task_queued_timeout"] + known["scheduler.task_queued_timeout_check_interval"]
    silent = known["scheduler.task_instance_heartbeat_timeout"]
    return seconds(2 * silent + 2 * queued) + scenario.tasks.retry_delay + SLACK


def _work(scenario: Scenario) -> timedelta:
    return scenario.tasks.count * scenario.tasks.slots * scenario.tasks.lasting[1]


def _intervals(draw: Draw) -> dict[str, str]:
    return {name: draw.choice(values) for name, values in _INTERVALS.items() if draw.chance(0.25)}


def with_storm(plan: Plan, draw: Draw, kinds: Sequence[type[Fault]] = FAULTS, *, least: int = 1) -> Plan:
    """Swarm testing: each storm has some kinds of faults only, so that one does not always hide the other."""
    possible = [kind for kind in kinds if can_be(kind, plan.tls)]
    if not possible:
        names = ", ".join(kind.__name__ for kind in kinds)
        which = "TLS" if plan.tls is Tls.OFF else "mutual TLS"
        raise BadPlan(
            f"{names} can only be where there is {which}: take a scenario that has it, or --tls mutual"
        )
    some = draw.some(possible, 0.4)
    calm = plan
    for fault in draw.several(least, FAULTS_MOST, lambda mine: drawn_fault(mine.choice(some), calm, mine)):
        wilder = replace(plan, faults=tuple(sorted((*plan.faults, fault), key=lambda each: each.at)))
        try:
            check_plan(wilder)
        except BadPlan:
            continue  # it could never strike beside the others
        plan = wilder
    return plan


def drawn_fault(kind: type[Fault], plan: Plan, draw: Draw) -> Fault:
    """A fault of that kind which fits the plan's workers and its storm."""
    values = {field.name: _drawn_field(kind, field, plan, draw.named(field.name)) for field in fields(kind)}
    for name, fit in _FITTING.items():
        if values.get(name) is not None:
            values[name] = fit(values, plan)
    fault: Fault = kind(**values)
    return fault


def _drawn_field(kind: type[Fault], field: Field[Any], plan: Plan, draw: Draw) -> Any:
    """By its row, by its type, or else its default. A host that is named by default is not drawn."""
    hint = hints_of(cast("Any", kind))[field.name]
    if field.name in _FIELDS and not (field.name == "target" and field.default is not MISSING):
        return _FIELDS[field.name](draw, plan)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return draw.choice(list(hint))
    if hint is bool:
        return draw.chance(0.5)
    if field.default is not MISSING:
        return field.default
    raise AssertionError(
        f"nothing says how to draw {field.name} of {kind.__name__}: give it a row in _FIELDS"
    )
