from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import OutOfMemory, RestartServer
from harness.units import seconds

Broken = Callable[..., list[str]]

KILLED = "10s body worker-1 invoke body call=1 task=a/b/c ti=t try=1\n60s body worker-1 info body call=1 task=a/b/c ti=t try=1"
WITHDRAWN = (
    "{} server scheduler ok task_instance key=t old=running new=up_for_retry dag_id=a task_id=b run_id=c"
)
OUTAGE = RestartServer(at=seconds(12), lasting=seconds(90))


@pytest.fixture
def killed(broken: Broken) -> Broken:
    return partial(broken, "bodies_outlive_outages", faults=(OUTAGE,))


def test_a_body_killed_while_its_task_runs_on_the_server_is_found(killed: Broken) -> None:
    assert killed(KILLED) == ["a/b/c (try 1) was killed on worker-1 at 1m, and the server had it running"]


def test_a_body_is_killed_rightly_once_its_task_was_withdrawn(killed: Broken) -> None:
    assert killed(f"{WITHDRAWN.format('9s')}\n{KILLED}") == []


def test_a_task_that_is_taken_away_later_was_running_until_then(killed: Broken) -> None:
    assert len(killed(f"{KILLED}\n{WITHDRAWN.format('300s')}")) == 1


def test_a_fault_that_kills_it_is_nobodys_doing(broken: Broken) -> None:
    oom = OutOfMemory(target="worker-*", at=seconds(60))
    assert broken("bodies_outlive_outages", KILLED, faults=(oom,)) == []
