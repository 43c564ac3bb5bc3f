"""The plans that a search makes: cells, storms, and what the shrinker tries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import BadPlan
from harness.model.faults import (
    FAULTS,
    BadCertificate,
    Partition,
    RenewClient,
    RevokeClient,
    RotateCertificate,
    ends_at,
)
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.tls_faults import Tls
from harness.search.cells import Moment, cells, plan_of, small
from harness.search.kinds import KINDS, Kind, Span
from harness.search.simpler import fewer, removals, simpler
from harness.search.storms import storm_plan
from harness.units import minutes, seconds

MOMENT = Moment(label="jobs.state running", call="jobs.state", at=seconds(5))
FIRST = Moment(label="worker.register starting", call="worker.register", at=seconds(0))


def _quiet() -> Plan:
    scenario = Scenario(fleet=Fleet(count=9, kind=Workers.SCRIPTED), tasks=Tasks(count=50, over=minutes(5)))
    return make_plan(small(scenario), 1, name="quiet")


def test_a_cell_is_small_whatever_the_scenario() -> None:
    plan = _quiet()
    assert len(plan.workers) == 2
    assert len(plan.submissions) == 3
    assert plan.faults == ()


@pytest.mark.parametrize("moment", [MOMENT, FIRST])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_fault_can_strike_a_call_for_every_span(moment: Moment, kind: Kind) -> None:
    for cell in cells([moment], kinds=[kind]):
        plan = plan_of(cell, _quiet())
        assert plan is not None
        assert len(plan.faults) == 1


def test_names_and_codes_of_the_kinds_are_unique() -> None:
    assert len({kind.name for kind in KINDS}) == len({kind.code for kind in KINDS}) == len(KINDS)


def test_a_fault_for_ever_ends_with_the_storm() -> None:
    cell = next(cell for cell in cells([MOMENT]) if cell.parts[0][2] is Span.FOR_EVER)
    quiet = _quiet()
    plan = plan_of(cell, quiet)
    assert plan is not None
    assert ends_at(plan.faults[0]) == quiet.until


def test_pairs_are_every_two_of_the_single_cells() -> None:
    single = cells([MOMENT], faults="status 50?", spans=[Span.ONCE])
    pairs = cells([MOMENT], faults="status 50?", spans=[Span.ONCE], pairs=True)
    assert len(pairs) == len(single) * (len(single) - 1) // 2
    assert {len(pair.parts) for pair in pairs} == {2}
    assert len({pair.key for pair in pairs}) == len(pairs)


def test_one_seed_is_one_storm_and_every_storm_is_a_plan() -> None:
    scenario = Scenario(fleet=Fleet(count=4))
    for seed in range(1, 30):
        plan = storm_plan(scenario, seed, name="storm")
        check_plan(plan)
        assert plan == storm_plan(scenario, seed, name="storm")


def test_the_storms_of_many_seeds_have_every_kind_of_fault_every_fleet_and_every_length() -> None:
    plans = [
        storm_plan(Scenario(fleet=Fleet(count=3, slots=2), tls=Tls.MUTUAL), seed, name="storm")
        for seed in range(1, 301)
    ]
    assert {type(fault) for plan in plans for fault in plan.faults} == set(FAULTS)
    assert {len(plan.workers) for plan in plans} == {1, 2, 3}
    assert {plan.workers[0].slots for plan in plans} == {1, 2}
    assert {len(plan.faults) for plan in plans} >= {1, 2, 3, 4, 5, 6}


def test_storms_over_http_have_no_fault_of_tls() -> None:
    plans = [storm_plan(Scenario(fleet=Fleet(count=3)), seed, name="storm") for seed in range(1, 301)]
    kinds = {type(fault) for plan in plans for fault in plan.faults}
    assert kinds == set(FAULTS) - {BadCertificate, RevokeClient, RenewClient, RotateCertificate}


def test_a_storm_keeps_the_options_of_its_scenario() -> None:
    scenario = Scenario(options={"edge.heartbeat_interval": "7"})
    plans = [storm_plan(scenario, seed, name="storm") for seed in range(1, 10)]
    assert {plan.options["edge.heartbeat_interval"] for plan in plans} == {"7"}


def test_there_is_one_removal_for_each_thing_of_a_plan() -> None:
    plan = replace(storm_plan(Scenario(), 3, name="storm"), options={"edge.heartbeat_interval": "7"})
    things = len(plan.faults) + len(plan.submissions) + len(plan.workers) + 1
    assert len(list(removals(plan))) == things


def _first(plan: Plan) -> Plan | None:
    for step in (*fewer(plan), *simpler(plan, settle=True)):
        try:
            check_plan(step.plan)
        except BadPlan:
            continue
        return step.plan
    return None


@pytest.mark.parametrize("seed", range(1, 3))
def test_what_is_less_is_never_less_in_a_circle(seed: int) -> None:
    plan = storm_plan(Scenario(fleet=Fleet(count=2), tasks=Tasks(count=3)), seed, name="storm")
    seen = {plan.digest()}
    while smaller := _first(plan):
        plan = smaller
        assert plan.digest() not in seen
        seen.add(plan.digest())
    assert (len(plan.faults), len(plan.submissions), len(plan.workers)) == (0, 0, 1)


def test_a_fault_gets_later_by_getting_shorter() -> None:
    cut = Partition(a="worker-1", b="api", at=seconds(10), lasting=seconds(40))
    plan = replace(_quiet(), faults=(cut,))
    later = [step.plan.faults[0] for step in simpler(plan, settle=False) if step.plan.faults[0].at > cut.at]
    assert later
    assert {ends_at(fault) for fault in later} == {seconds(50)}


@pytest.mark.parametrize(
    ("tls", "less"), [(Tls.OFF, []), (Tls.SERVER, [Tls.OFF]), (Tls.MUTUAL, [Tls.OFF, Tls.SERVER])]
)
def test_tls_is_a_thing_that_a_plan_may_do_without(tls: Tls, less: list[Tls]) -> None:
    plan = make_plan(Scenario(tls=tls), 1, name="plan")
    assert [step.plan.tls for step in removals(plan) if step.what.startswith("TLS")] == less
