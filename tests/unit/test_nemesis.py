"""What a world must be able to do for a plan, and how a fault is told to people."""

from __future__ import annotations

import pytest

from harness import Fleet, Kill, LoseReplies, Partition, Scenario, Tasks, Workers, make_plan, minutes, seconds
from harness.errors import NotCapable
from harness.model.faults import FAULTS, Direction, Fault
from harness.nemesis import ACTIONS, check_capable, describe
from harness.ports import Capability

CUT = Partition(a="worker-1", b="api", at=seconds(1), lasting=minutes(2))


def _check(*faults: Fault, lacking: Capability, workers: Workers = Workers.SCRIPTED) -> None:
    scenario = Scenario(fleet=Fleet(kind=workers), tasks=Tasks(count=0), faults=faults)
    plan = make_plan(scenario, 1, name="a-name")
    check_capable(plan, world="paper", capabilities=frozenset(Capability) - {lacking})


def test_a_plan_that_asks_for_what_a_world_cannot_do_is_refused_by_name() -> None:
    with pytest.raises(NotCapable, match="Partition needs 'partition', which the paper world cannot do"):
        _check(CUT, lacking=Capability.PARTITION)


def test_workers_that_a_world_cannot_run_are_refused() -> None:
    with pytest.raises(NotCapable, match="worker-1 needs 'edge workers'"):
        _check(lacking=Capability.EDGE_WORKERS, workers=Workers.EDGE)


def test_what_a_plan_does_not_ask_for_may_be_lacking() -> None:
    _check(CUT, lacking=Capability.KILL)


def test_every_fault_has_its_action() -> None:
    assert set(ACTIONS) == set(FAULTS)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (CUT, "Partition worker-1 ↔ api for 2m"),
        (Kill(target="worker-2", at=seconds(1)), "Kill worker-2"),
        (
            Partition(a="worker-1", b="api", at=seconds(1), lasting=seconds(3), direction=Direction.FORTH),
            "Partition worker-1 → api for 3s",
        ),
        (
            LoseReplies(a="*", b="api", at=seconds(1), lasting=seconds(3), calls="ti.run", times=1),
            "LoseReplies * ↔ api on ti.run once",
        ),
    ],
)
def test_a_fault_is_told_in_a_few_words(fault: Fault, text: str) -> None:
    assert describe(fault) == text
