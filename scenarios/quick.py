"""Scenarios in a minute instead of half an hour: for worlds whose time is real."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from harness import Scenario, Tasks

PACE = 20
"""So many times as fast: what takes a minute takes three seconds."""

OPTIONS = {
    "edge.api_retry_wait_max": "6.0",
    "edge.api_retry_wait_min": "0.1",
    "edge.heartbeat_interval": "2",
    "edge.job_poll_interval": "1",
    "scheduler.scheduler_idle_sleep_time": "0.5",
    "scheduler.task_instance_heartbeat_timeout": "15",
    "scheduler.task_instance_heartbeat_timeout_detection_interval": "1.0",
    "scheduler.task_queued_timeout": "25",
    "scheduler.task_queued_timeout_check_interval": "5",
    "workers.execution_api_retry_wait_max": "6.0",
    "workers.execution_api_retry_wait_min": "0.1",
    "workers.execution_api_timeout": "2.0",
    "workers.min_heartbeat_interval": "1",
}
"""Airflow's own intervals, about as much shorter; those that a process needs to start in are longer than that."""


def quickly(scenario: Scenario, *, settle: timedelta) -> Scenario:
    """The scenario at that pace, faults and retries included; then `settle` passes."""
    return replace(
        scenario,
        tasks=_hurried(scenario.tasks, *(each.name for each in fields(Tasks))),
        faults=tuple(_hurried(fault, "at", "lasting") for fault in scenario.faults),
        until=scenario.until / PACE,
        settle=settle,
        options={**OPTIONS, **scenario.options},
    )


def _hurried(thing: Any, *names: str) -> Any:
    return replace(thing, **{name: _sooner(getattr(thing, name)) for name in names if hasattr(thing, name)})


def _sooner(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_sooner, value))
    return value / PACE if isinstance(value, timedelta) else value
