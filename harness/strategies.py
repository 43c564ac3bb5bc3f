"""Hypothesis strategies for what a plan is made of: faults, storms, fleets, workloads, and whole plans.

    @whole_runs
    @given(plans(Scenario(fleet=Fleet(count=2))))
    def test_no_storm_loses_work(run, plan):
        run(plan)

What is drawn passes the checks of a plan as it is made, and nothing is filtered. It shrinks towards fewer faults,
workers and tasks, towards what is earlier and shorter, and towards what stands first among the choices. The faults are
drawn as `harness swarm` draws them, from one table. Hypothesis comes with the extra `test`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from harness.errors import MissingExtra
from harness.model.draws import Draw
from harness.model.fault_checks import can_be
from harness.model.faults import FAULTS, Fault
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.rng import Streams
from harness.search.storms import drawn_fault, drawn_fleet, drawn_plan, with_storm
from harness.units import minutes, nanoseconds, seconds

try:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise MissingExtra(
        f"harness.strategies needs {error.name}: pip install 'airflow-remote-harness[test]'"
    ) from None

T = TypeVar("T")

SEED_MOST = 2**32
TWO_WORKERS = Fleet(count=2, slots=2)

whole_runs = settings(
    deadline=None,  # an example is a whole run
    max_examples=25,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes as many runs again
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # `run` keeps nothing from one example to the next
        HealthCheck.too_slow,
    ],
)
"""Settings for tests whose examples are whole runs, also as a decorator; `settings(whole_runs, max_examples=100)`."""


def faults(
    *,
    kinds: Iterable[type[Fault]] = FAULTS,
    fleet: Fleet = TWO_WORKERS,
    until: timedelta = minutes(5),
    tls: Tls = Tls.OFF,
) -> st.SearchStrategy[Fault]:
    """One fault of those kinds that can strike that fleet, over http or TLS, in a storm of that length."""
    some, plan = [kind for kind in kinds if can_be(kind, tls)], _bare(fleet, until, tls)
    return _drawn(lambda draw: drawn_fault(draw.choice(some), plan, draw))


def storms(
    *,
    kinds: Iterable[type[Fault]] = FAULTS,
    fleet: Fleet = TWO_WORKERS,
    until: timedelta = minutes(5),
    tls: Tls = Tls.OFF,
) -> st.SearchStrategy[tuple[Fault, ...]]:
    """Up to eight faults of those kinds in the order of time, each of which can strike beside the others."""
    some, plan = list(kinds), _bare(fleet, until, tls)
    return _drawn(lambda draw: with_storm(plan, draw, some, least=0).faults)


def fleets(most: Fleet = TWO_WORKERS) -> st.SearchStrategy[Fleet]:
    """Fleets of `most` at most: fewer workers, fewer slots."""
    return _drawn(lambda draw: drawn_fleet(most, draw))


def workloads(most: Tasks = Tasks()) -> st.SearchStrategy[Tasks]:  # noqa: B008 - it is frozen
    """Workloads of `most` at most: fewer tasks, shorter, with fewer retries."""
    return _drawn(lambda draw: _workload(most, draw))


def plans(
    scenario: Scenario,
    *,
    name: str = "drawn",
    kinds: Iterable[type[Fault]] = FAULTS,
    workers: Workers | str | None = None,
) -> st.SearchStrategy[Plan]:
    """Plans as `harness swarm` draws them: the scenario's promises, and of its fleet and its tasks some, in a storm.

    The scenario's own faults give way to the storm. `workers` overrides which code plays the workers. Raises BadPlan
    where the scenario is none of which a plan could be made, ValueError for an unknown kind of workers.
    """
    some, kind = list(kinds), Workers(workers) if workers else None
    make_plan(scenario, 1, name=name, workers=kind)  # what is wrong with it is told here

    def drawn(draw: Draw) -> Plan:
        seed = draw.integer(1, SEED_MOST)
        return drawn_plan(
            scenario, draw, seed=seed, name=name, workers=kind, kinds=some, faults_least=0, tasks_least=1
        )

    return _drawn(drawn)


def _workload(most: Tasks, draw: Draw) -> Tasks:
    count = draw.integer(0, most.count)
    shortest = draw.between(*most.lasting)
    return replace(
        most,
        count=count,
        lasting=(shortest, draw.between(shortest, most.lasting[1])),
        over=draw.between(seconds(0), most.over),
        retries=draw.integer(0, most.retries),
        failing_first=draw.integer(0, min(count, most.failing_first)),
    )


def _bare(fleet: Fleet, until: timedelta, tls: Tls) -> Plan:
    """A plan with that fleet and nothing to do."""
    return make_plan(Scenario(fleet=fleet, tasks=Tasks(count=0), until=until, tls=tls), 1, name="drawn")


def _drawn(make: Callable[[Draw], T]) -> st.SearchStrategy[T]:
    @st.composite
    def strategy(draw: st.DrawFn) -> T:
        return make(_Choices(draw))

    return strategy()


class _Choices(Draw):
    """A Draw whose decisions are Hypothesis' own, so that it can make them simpler."""

    def __init__(self, draw: st.DrawFn) -> None:
        super().__init__(Streams(0), "hypothesis")
        self._draw = draw

    def named(self, name: str) -> Draw:
        return self

    def between(self, low: timedelta, high: timedelta) -> timedelta:
        first, last = nanoseconds(low) // 1_000_000, nanoseconds(high) // 1_000_000
        return timedelta(milliseconds=self._draw(st.integers(first, last)))

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def several(self, low: int, high: int, make: Callable[[Draw], T], *, first: int = 0) -> list[T]:
        """Each of `high` is there or not: of what a thing may be, not to be is the simplest, and soon tried."""
        each = _drawn(make)
        drawn = [self._draw(st.none() | each) for _ in range(high)]
        found = [thing for thing in drawn if thing is not None]
        return [*found, *(self._draw(each) for _ in range(low - len(found)))]

    def choice(self, options: Sequence[T]) -> T:
        return self._draw(st.sampled_from(options))

    def some(self, options: Sequence[T], probability: float) -> Sequence[T]:
        """All of them: Hypothesis has storms of one kind by itself, and less to decide is sooner made simple."""
        return options

    def chance(self, probability: float) -> bool:
        return self._draw(st.booleans())


__all__ = ["faults", "fleets", "plans", "storms", "whole_runs", "workloads"]
