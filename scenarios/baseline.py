"""Nothing goes wrong: what every other scenario is measured against."""

from __future__ import annotations

from harness import Fleet, Scenario, Tasks, minutes, scenario, seconds


@scenario
def quiet(*, workers: int = 5, slots: int = 4, tasks: int = 40) -> Scenario:
    """No fault at all: every task succeeds on its first try."""
    return Scenario(
        fleet=Fleet(count=workers, slots=slots),
        tasks=Tasks(count=tasks, over=minutes(2)),
        until=minutes(5),
        settle=minutes(5),
    )


@scenario
def standard(*, workers: int = 3, slots: int = 3, tasks: int = 12) -> Scenario:
    """A small fleet under an Airflow that mends within minutes: over it the standard storm is drawn."""
    return Scenario(
        fleet=Fleet(count=workers, slots=slots),
        tasks=Tasks(count=tasks, over=minutes(1), retry_delay=seconds(30)),
        until=minutes(3),
        settle=minutes(3),
        options={
            "scheduler.task_queued_timeout": "120",
            "scheduler.task_queued_timeout_check_interval": "30",
            "scheduler.num_stuck_in_queued_retries": "10",
        },
    )
