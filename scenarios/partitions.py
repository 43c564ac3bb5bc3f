"""What happens when a worker cannot reach the API for a while."""

from __future__ import annotations

from datetime import timedelta

from harness import Fleet, Partition, Scenario, Tasks, minutes, scenario, seconds
from scenarios.quick import quickly


@scenario
def cut_off_worker(
    *,
    lasting: timedelta = minutes(2),
    workers: int = 5,
    slots: int = 4,
    tasks: int = 40,
    quick: bool = False,
) -> Scenario:
    """One of the workers, busy, loses the API for `lasting`; the others go on.

    Two minutes should pass: what ran there is run again, and the worker comes back by itself.
    With `quick`, all of it passes twenty times as fast: for worlds in real time.
    """
    cut = Scenario(
        fleet=Fleet(count=workers, slots=slots),
        tasks=Tasks(count=tasks, lasting=(seconds(20), minutes(2)), over=minutes(3)),
        faults=(Partition(a="worker-1", b="api", at=minutes(1), lasting=lasting),),
        until=max(minutes(5), minutes(1) + lasting),
        settle=minutes(15),
    )
    return quickly(cut, settle=seconds(30)) if quick else cut
