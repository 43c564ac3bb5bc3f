from collections.abc import Callable
from functools import partial

import pytest

from harness.model.faults import Partition, Stop
from harness.units import seconds

Broken = Callable[..., list[str]]

TOLD = "1m nemesis nemesis info fault.strike fault=0 victim=worker-1 what=SIGTERM"
BODY = "50s body worker-1 invoke body call=1 task=a/b/c ti=t try=1"
OVER = "3m body worker-1 ok body call=1 task=a/b/c ti=t try=1"
END = "9m world driver info act act=end"
EXIT = "{} world worker-1 info worker.exit reason='it was done'"
QUIT, DRAIN = (Stop(target="worker-1", at=seconds(60), drain=drain) for drain in (False, True))


@pytest.fixture
def lingering(broken: Broken) -> Broken:
    return partial(broken, "stopped_workers_end")


def lines(*each: str) -> str:
    return "\n".join(each)


def test_a_worker_that_ends_within_a_minute_of_its_signal_ends(lingering: Broken) -> None:
    assert lingering(lines(TOLD, EXIT.format("2m"), END), faults=(QUIT,)) == []


def test_a_worker_that_waits_for_its_bodies_was_not_told_to(lingering: Broken) -> None:
    assert lingering(lines(BODY, TOLD, OVER, EXIT.format("190s"), END), faults=(QUIT,)) == [
        "worker-1 was told to end at 1m and ended at 3m10s"
    ]


def test_a_worker_that_never_ends_is_found(lingering: Broken) -> None:
    assert lingering(lines(TOLD, END), faults=(QUIT,)) == ["worker-1 was told to end at 1m and never ended"]


def test_a_drain_waits_for_the_last_body(lingering: Broken) -> None:
    assert lingering(lines(BODY, TOLD, OVER, EXIT.format("190s"), END), faults=(DRAIN,)) == []
    assert lingering(lines(BODY, TOLD, OVER, EXIT.format("300s"), END), faults=(DRAIN,)) == [
        "worker-1 was told to drain at 1m and ended at 5m"
    ]


def test_another_fault_on_the_worker_is_an_excuse(lingering: Broken) -> None:
    cut = Partition(a="worker-1", b="api", at=seconds(90), lasting=seconds(9))
    assert lingering(lines(TOLD, END), faults=(QUIT, cut)) == []


def test_a_run_that_ends_within_the_minute_shows_nothing(lingering: Broken) -> None:
    assert lingering(lines(TOLD, END.replace("9m", "110s")), faults=(QUIT,)) == []


def test_who_is_killed_within_the_minute_was_not_given_the_time(lingering: Broken) -> None:
    restarted = Stop(target="worker-1", at=seconds(60), lasting=seconds(30))
    killed = "90s world worker-1 info worker.exit reason=killed"
    assert lingering(lines(TOLD, killed, END), faults=(restarted,)) == []
