from __future__ import annotations

import pytest

from harness import RestartServer, catalogue, make_plan, seconds
from scenarios.quick import OPTIONS, PACE

NAMES = ["api-restart", "cut-off-worker", "kill-and-reroute", "lost-replies"]


@pytest.mark.parametrize("name", NAMES)
def test_a_quick_scenario_has_the_faults_of_the_slow_one_in_a_minute(name: str) -> None:
    slow, quick = catalogue.find(name).build(), catalogue.find(name).build(quick="true")
    plan = make_plan(quick, 1, name=name)  # it can mean something
    assert [type(fault) for fault in plan.faults] == [
        type(fault) for fault in make_plan(slow, 1, name=name).faults
    ]
    assert plan.until == slow.until / PACE
    assert plan.until + plan.settle <= seconds(60)
    assert plan.options == OPTIONS


def test_what_is_given_is_hurried_too() -> None:
    scenario = catalogue.find("api-restart").build(quick="true", lasting="3m")
    assert scenario.faults == (RestartServer(at=seconds(4.5), lasting=seconds(9)),)
