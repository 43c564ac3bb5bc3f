"""The options of Airflow that a scenario may set: one table, with Airflow's own names and defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.model.names import no_such

MOST = 2_592_000
"""No interval is longer than a run may take: 30 days, in seconds."""

_WHOLE, _DECIMAL = re.compile(r"\d{1,9}", re.ASCII), re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True)
class Option:
    """One option: `section.name`, Airflow's default, its unit, and who reads it.

    `read_by` holds `server` (API, scheduler and executor), `edge`, `supervised`, `scripted` (the workers of that kind).
    """

    name: str
    default: str
    unit: str
    read_by: tuple[str, ...]
    about: str
    least: float = 1

    @property
    def whole(self) -> bool:
        """Whether Airflow takes whole numbers only."""
        return "." not in self.default

    @property
    def variable(self) -> str:
        """The environment variable that sets it in Airflow."""
        section, _, name = self.name.partition(".")
        return f"AIRFLOW__{section.upper()}__{name.upper()}"

    @property
    def takes(self) -> str:
        """What may be given, for people: `whole seconds, 1 or more`."""
        return f"{'whole ' if self.whole else ''}{self.unit or 'numbers'}, {self.least:g} or more"

    def wrong(self, text: str) -> str | None:
        """What is wrong with a value, or None."""
        fits = (_WHOLE if self.whole else _DECIMAL).fullmatch(text)
        if fits and self.least <= float(text) <= MOST:
            return None
        return f"option {self.name}={text[:40]}: it takes {self.takes}, such as {self.name}={self.default}"


_SERVER, _CLIENT, _TASK = ("server",), ("edge", "supervised"), ("edge", "supervised", "scripted")

OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option(
            "api_auth.jwt_leeway",
            "10",
            "seconds",
            ("server", *_TASK),
            "how long after its time a token is still taken; also how long an edge worker's tokens live",
        ),
        Option("edge.api_retries", "10", "", ("edge",), "attempts at a call of the Edge API"),
        Option(
            "edge.api_retry_wait_max", "90.0", "seconds", ("edge",), "the longest wait between two attempts"
        ),
        Option(
            "edge.api_retry_wait_min",
            "1.0",
            "seconds",
            ("edge",),
            "the shortest wait between two attempts",
            least=0.1,
        ),
        Option(
            "edge.heartbeat_interval",
            "30",
            "seconds",
            ("server", *_TASK),
            "between a worker's heartbeats; five without one make it unknown",
        ),
        Option("edge.job_fail_purge", "60", "minutes", _SERVER, "how long a failed job is kept"),
        Option(
            "edge.job_poll_interval", "5", "seconds", _TASK, "between two fetches of a worker with free slots"
        ),
        Option("edge.job_success_purge", "5", "minutes", _SERVER, "how long a job that succeeded is kept"),
        Option(
            "execution_api.jwt_expiration_time",
            "600",
            "seconds",
            _SERVER,
            "the lifetime of a running task's tokens; in its last fifth they are renewed",
        ),
        Option(
            "scheduler.num_stuck_in_queued_retries",
            "2",
            "",
            _SERVER,
            "how often a task stuck in queued is scheduled again before it fails",
            least=0,
        ),
        Option(
            "scheduler.scheduler_idle_sleep_time",
            "1.0",
            "seconds",
            _SERVER,
            "between two loops of the scheduler",
            least=0.1,
        ),
        Option(
            "scheduler.task_instance_heartbeat_timeout",
            "300",
            "seconds",
            ("server", *_TASK),
            "after so long without a heartbeat a task is taken for dead",
        ),
        Option(
            "scheduler.task_instance_heartbeat_timeout_detection_interval",
            "10.0",
            "seconds",
            _SERVER,
            "between two looks for tasks without heartbeats",
        ),
        Option(
            "scheduler.task_queued_timeout",
            "600.0",
            "seconds",
            _SERVER,
            "after so long a queued task is stuck; also the lifetime of the token that starts it",
        ),
        Option(
            "scheduler.task_queued_timeout_check_interval",
            "120.0",
            "seconds",
            _SERVER,
            "between two looks for tasks stuck in queued",
        ),
        Option("workers.execution_api_retries", "5", "", _CLIENT, "attempts at a call of the Execution API"),
        Option(
            "workers.execution_api_retry_wait_max",
            "90.0",
            "seconds",
            _CLIENT,
            "the longest wait between two attempts",
        ),
        Option(
            "workers.execution_api_retry_wait_min",
            "1.0",
            "seconds",
            _CLIENT,
            "the shortest wait between two attempts",
            least=0.1,
        ),
        Option(
            "workers.execution_api_timeout",
            "5.0",
            "seconds",
            _TASK,
            "for connecting to the Execution API, and for its reply",
            least=0.1,
        ),
        Option(
            "workers.max_failed_heartbeats",
            "3",
            "",
            _CLIENT,
            "so many failed heartbeats in a row end the task",
        ),
        Option("workers.min_heartbeat_interval", "5", "seconds", _TASK, "between two heartbeats of a task"),
    )
}


def wrong_options(options: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with options that a scenario sets, each complaint with its fix."""
    for name, text in options.items():
        if name not in OPTIONS:
            yield f"{no_such('option', name, OPTIONS)} (`harness list --options` shows all)"
        elif complaint := OPTIONS[name].wrong(text):
            yield complaint


def values(options: Mapping[str, str]) -> dict[str, float]:
    """Every option's value in its unit: what is set, and Airflow's default for the others."""
    return {name: float(options.get(name, option.default)) for name, option in OPTIONS.items()}


def environment(options: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that set these options in Airflow."""
    return {OPTIONS[name].variable: text for name, text in options.items()}
