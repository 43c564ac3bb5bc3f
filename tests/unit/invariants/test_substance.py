from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import Partition, ResetPeer
from harness.model.plan import Submission
from harness.units import minutes

Broken = Callable[..., list[str]]
Tasked = Callable[..., Submission]

RESET = ResetPeer(a="worker-1", b="api", at=minutes(1))
CUT = Partition(a="worker-1", b="api", at=minutes(2), lasting=minutes(1))


@pytest.fixture
def idle(broken: Broken) -> Broken:
    return partial(broken, "every_fault_struck", faults=(RESET, CUT))


def test_faults_that_began_and_never_struck_and_those_that_never_began_are_named(idle: Broken) -> None:
    assert idle(
        "1m nemesis nemesis info fault.begin fault=0 name=ResetPeer text='ResetPeer worker-1 ↔ api'"
    ) == [
        "ResetPeer worker-1 ↔ api, begun at 1m, never struck",
        "Partition, planned for 2m, never began",
    ]


def test_a_strike_or_a_count_of_strikes_is_enough(idle: Broken) -> None:
    assert (
        idle(
            """
            1m nemesis nemesis info fault.strike fault=0 victim=worker-1 what='connection broken'
            3m nemesis nemesis info fault.end fault=1 name=Partition strikes=4
            """
        )
        == []
    )


def test_a_count_of_no_strikes_is_not(idle: Broken) -> None:
    assert len(idle("3m nemesis nemesis info fault.end fault=1 name=Partition strikes=0")) == 2


def test_work_was_done_when_a_body_ended_well_and_a_call_was_answered(broken: Broken, task: Tasked) -> None:
    history = "1s client worker-1 ok jobs.fetch call=1\n2s body worker-1 ok body call=2"
    assert broken("work_was_done", history, task("b")) == []


def test_a_run_that_did_nothing_says_so(broken: Broken, task: Tasked) -> None:
    history = "1s client worker-1 info jobs.fetch call=1\n2s body worker-1 info body call=2"
    assert broken("work_was_done", history, task("b")) == [
        "not one of 1 tasks' bodies ended well",
        "not one API call went well",
    ]


def test_a_plan_without_tasks_has_no_work_to_do(broken: Broken) -> None:
    assert broken("work_was_done", "") == []
