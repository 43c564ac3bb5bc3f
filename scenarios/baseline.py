"""Nothing goes wrong: what every other scenario is measured against."""

from __future__ import annotations

from harness import Fleet, Scenario, Tasks, minutes, scenario


@scenario
def quiet(*, workers: int = 5, slots: int = 4, tasks: int = 40) -> Scenario:
    """No fault at all: every task succeeds on its first try."""
    return Scenario(
        fleet=Fleet(count=workers, slots=slots),
        tasks=Tasks(count=tasks, over=minutes(2)),
        until=minutes(5),
        settle=minutes(5),
    )
