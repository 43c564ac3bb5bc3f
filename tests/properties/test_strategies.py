"""Laws of the strategies: whatever they draw is a plan, of every kind of fault, and next to nothing is thrown away."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from harness.errors import BadPlan
from harness.model.faults import FAULTS, Fault
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.plan_file import plan_from_json, plan_to_json
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.search.storms import FAULTS_MOST
from harness.strategies import faults, fleets, plans, storms, workloads
from harness.units import minutes

MOST = Scenario(fleet=Fleet(count=3, slots=2), tasks=Tasks(count=4), until=minutes(3), tls=Tls.MUTUAL)
BARE = make_plan(replace(MOST, tasks=Tasks(count=0)), 1, name="bare")


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_every_fault_has_a_strategy_and_whatever_it_draws_can_strike(kind: type[Fault]) -> None:
    @settings(max_examples=30, deadline=None)
    @given(faults(kinds=[kind], fleet=MOST.fleet, until=MOST.until, tls=MOST.tls))
    def law(fault: Fault) -> None:
        assert type(fault) is kind
        check_plan(replace(BARE, faults=(fault,)))

    law()


@given(storms(fleet=MOST.fleet, until=MOST.until, tls=MOST.tls))
@settings(deadline=None)
def test_the_faults_of_a_storm_can_strike_beside_each_other(storm: tuple[Fault, ...]) -> None:
    check_plan(replace(BARE, faults=storm))
    assert len(storm) <= FAULTS_MOST
    assert list(storm) == sorted(storm, key=lambda fault: fault.at)


@given(plans(MOST, workers="scripted"))
@settings(deadline=None)
def test_a_drawn_plan_is_a_plan_of_the_scenario_and_reads_back_equal(plan: Plan) -> None:
    check_plan(plan)
    assert plan_from_json(plan_to_json(plan)) == plan
    assert 1 <= len(plan.workers) <= 3
    assert 1 <= len(plan.submissions) <= 4
    assert {worker.kind for worker in plan.workers} == {Workers.SCRIPTED}


@given(fleets(MOST.fleet), workloads(MOST.tasks))
@settings(deadline=None)
def test_a_drawn_fleet_can_do_a_drawn_workload(fleet: Fleet, tasks: Tasks) -> None:
    assert fleet.count <= MOST.fleet.count
    assert tasks.count <= MOST.tasks.count
    make_plan(Scenario(fleet=fleet, tasks=tasks), 1, name="drawn")


def test_hypothesis_throws_nothing_away_and_storms_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the faults that are drawn beside others, fewer than one of ten could not strike and is left out."""
    counted: Counter[str] = Counter()

    def counting(plan: Plan) -> None:
        counted["drawn"] += 1
        try:
            check_plan(plan)
        except BadPlan:
            counted["left out"] += 1
            raise

    monkeypatch.setattr("harness.search.storms.check_plan", counting)

    @settings(
        max_examples=300,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(storms(fleet=MOST.fleet))
    def draw(storm: tuple[Fault, ...]) -> None:
        counted["storms"] += 1

    draw()
    assert counted["storms"] >= 290  # what filtering would take away is not among them
    assert counted["left out"] < counted["drawn"] / 10


def test_a_scenario_of_which_no_plan_can_be_made_is_refused_at_once() -> None:
    with pytest.raises(BadPlan, match="the fleet has 0 workers"):
        plans(Scenario(fleet=Fleet(count=0)))
