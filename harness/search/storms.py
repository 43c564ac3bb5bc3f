"""A storm drawn from a seed: which faults, how many, when, how long, on what; the fleet, and Airflow's intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, replace
from datetime import timedelta
from typing import Any

from harness.errors import BadPlan
from harness.model.draws import Draw
from harness.model.faults import FAULTS, Aftermath, Direction, Fault, Flaw, RestartServer, Victim
from harness.model.operations import NAMES
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.planning import make_plan
from harness.model.scenario import Scenario, Tasks, Workers
from harness.rng import Streams
from harness.search.kinds import STATUSES
from harness.units import minutes, ms, seconds

FAULTS_MOST = 8
MENDING = minutes(40)
"""Longer than Airflow takes to mend one task: heartbeat timeout, retry delay, and twice stuck in queued."""

_LASTING = (seconds(1), seconds(5), seconds(20), minutes(1), minutes(3), minutes(10))
_CALLS = ("*", "ti.*", "jobs.*", "worker.*", *NAMES)


def _some(draw: Draw, most: timedelta) -> timedelta:
    """A duration whose size is drawn first: short ones are as likely as long ones."""
    return min(most, draw.between(seconds(1), draw.choice(_LASTING)))


_FIELDS: Mapping[str, Callable[[Draw, Plan], Any]] = {
    # how a field of a fault is drawn, whatever fault it is of; one that is not here keeps its default
    "a": lambda draw, plan: draw.choice(["worker-*", *(worker.name for worker in plan.workers)]),
    "b": lambda draw, plan: "api",
    "target": lambda draw, plan: draw.choice([worker.name for worker in plan.workers]),
    "at": lambda draw, plan: draw.between(timedelta(0), plan.until - seconds(1)),
    "lasting": lambda draw, plan: _some(draw, plan.until),
    "calls": lambda draw, plan: draw.choice(_CALLS),
    "times": lambda draw, plan: draw.choice([1, 1, 2, 5, None]),
    "then": lambda draw, plan: draw.choice(list(Aftermath)),
    "direction": lambda draw, plan: draw.choice(list(Direction)),
    "status": lambda draw, plan: draw.choice(STATUSES),
    "retry_after": lambda draw, plan: draw.choice([None, None, seconds(1), seconds(30)]),
    "delay": lambda draw, plan: draw.between(ms(10), draw.choice([ms(500), seconds(12), minutes(1)])),
    "jitter": lambda draw, plan: draw.between(ms(0), ms(500)),
    "nth": lambda draw, plan: draw.choice([1, 1, 1, 2, 5]),
    "keep": lambda draw, plan: draw.integer(0, 200),
    "flaw": lambda draw, plan: draw.choice(list(Flaw)),
    "applied": lambda draw, plan: draw.chance(0.5),
    "victim": lambda draw, plan: draw.choice(list(Victim)),
    "drain": lambda draw, plan: draw.chance(0.5),
    "stale": lambda draw, plan: draw.chance(0.5),
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


def storm_plan(scenario: Scenario, seed: int, *, name: str, workers: Workers | None = None) -> Plan:
    """The plan of that seed. The scenario lends its work, its options and promises; its fleet and slots are the most.

    Its own faults give way to the storm. `every_fault_struck` is not promised: a drawn fault may well miss.
    """
    draw = Draw(Streams(seed), "swarm")
    fleet = replace(
        scenario.fleet,
        count=draw.named("fleet").integer(1, scenario.fleet.count),
        slots=draw.named("slots").integer(
            scenario.tasks.slots, max(scenario.fleet.slots, scenario.tasks.slots)
        ),
    )
    promises = tuple(each for each in scenario.invariants if each != "every_fault_struck")
    calm = replace(
        scenario,
        fleet=fleet,
        tasks=_that_outlast(scenario),
        faults=(),
        invariants=promises or scenario.invariants,
        settle=max(scenario.settle, MENDING + 2 * _work(scenario) / (fleet.count * fleet.slots)),
    )
    options = {**_intervals(draw.named("options")), **scenario.options}
    plan = make_plan(calm, seed, name=name, workers=workers, options=options)
    return _with_storm(plan, draw.named("storm"))


def _that_outlast(scenario: Scenario) -> Tasks:
    """The tasks with so many tries that a storm cannot use them all up."""
    tasks = scenario.tasks
    within = scenario.until // max(tasks.retry_delay, seconds(10))
    return replace(tasks, retries=max(tasks.retries, within + 2))


def _work(scenario: Scenario) -> timedelta:
    return scenario.tasks.count * scenario.tasks.slots * scenario.tasks.lasting[1]


def _intervals(draw: Draw) -> dict[str, str]:
    return {name: draw.choice(values) for name, values in _INTERVALS.items() if draw.chance(0.25)}


def _with_storm(plan: Plan, draw: Draw) -> Plan:
    """Swarm testing: each storm has some kinds of faults only, so that one does not always hide the other."""
    kinds = [kind for kind in FAULTS if draw.chance(0.4)] or [draw.choice(FAULTS)]
    for n in range(draw.integer(1, FAULTS_MOST)):
        mine = draw.named(str(n))
        fault = _draw_fault(mine.choice(kinds), plan, mine)
        wilder = replace(plan, faults=tuple(sorted((*plan.faults, fault), key=lambda each: each.at)))
        try:
            check_plan(wilder)
        except BadPlan:
            continue  # it could never strike beside the others
        plan = wilder
    return plan


def _draw_fault(kind: type[Fault], plan: Plan, draw: Draw) -> Fault:
    values = {field.name: _draw_field(field, plan, draw.named(field.name)) for field in fields(kind)}
    if kind is RestartServer:
        values["target"] = "api"
    if isinstance(values.get("lasting"), timedelta):
        values["lasting"] = min(values["lasting"], plan.until - values["at"])
    fault: Fault = kind(**values)
    return fault


def _draw_field(field: Field[Any], plan: Plan, draw: Draw) -> Any:
    if field.name in _FIELDS:
        return _FIELDS[field.name](draw, plan)
    if field.default is not MISSING:
        return field.default
    raise AssertionError(f"nothing says how to draw {field.name}: give it a row in _FIELDS")
