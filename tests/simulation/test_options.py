"""An option of Airflow takes effect on everyone who reads it, and on nobody by accident."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from harness import (
    Fleet,
    Kill,
    Latency,
    LoseReplies,
    Partition,
    Scenario,
    ServerErrors,
    Tasks,
    Workers,
    minutes,
    run_plan,
    seconds,
)
from harness.model.history import History
from harness.model.options import OPTIONS, Option
from harness.model.planning import make_plan
from harness.workers.edge import require_airflow

STORM = Scenario(
    fleet=Fleet(count=2, slots=2),
    tasks=Tasks(count=8, lasting=(seconds(30), seconds(90)), retries=0, failing_first=1),
    faults=(
        ServerErrors(
            a="*", b="api", at=seconds(1), lasting=minutes(2), calls="jobs.state", status=503, times=3
        ),
        LoseReplies(a="*", b="api", at=seconds(1), lasting=minutes(2), calls="jobs.fetch", times=2),
        Partition(a="worker-1", b="api", at=seconds(40), lasting=seconds(150)),
        Latency(a="worker-2", b="api", at=seconds(50), lasting=seconds(30), delay=seconds(2.2)),
        Kill(target="worker-2", at=minutes(3)),
    ),
    until=minutes(5),
    settle=minutes(25),
)
QUIET = Scenario(
    fleet=Fleet(count=1),
    tasks=Tasks(count=1, lasting=(seconds(60), seconds(60)), over=seconds(1)),
    until=minutes(3),
    settle=minutes(1),
)
VALUES = {
    "api_auth.jwt_leeway": "1",
    "edge.api_retries": "2",
    "edge.api_retry_wait_max": "1.5",
    "edge.job_fail_purge": "5",
    "execution_api.jwt_expiration_time": "31",
    "scheduler.scheduler_idle_sleep_time": "0.7",
    "scheduler.task_instance_heartbeat_timeout_detection_interval": "7.0",
    "scheduler.task_queued_timeout_check_interval": "70.0",
    "scheduler.num_stuck_in_queued_retries": "0",
    "workers.execution_api_retries": "2",
    "workers.execution_api_retry_wait_max": "1.5",
    "workers.max_failed_heartbeats": "1",
}
"""Where half of the default would not show."""


def _other(option: Option) -> str:
    half = max(option.least, float(option.default) / 2)
    return VALUES.get(option.name, f"{half:.0f}" if option.whole else f"{half}")


def _history(scenario: Scenario, kind: Workers, **options: str) -> History:
    return run_plan(make_plan(scenario, 1, name="options", workers=kind, options=options)).history


@functools.cache
def _storm(kind: Workers) -> History:
    return _history(STORM, kind)


def _told(history: History) -> list[tuple[int, str, str, str]]:
    return [(event.t, event.process, event.type, event.f) for event in history]


def _readings() -> Iterator[tuple[Option, Workers]]:
    for option in OPTIONS.values():
        kinds = [kind for kind in Workers if kind.value in option.read_by]
        yield from ((option, kind) for kind in kinds or [Workers.SCRIPTED])


@pytest.mark.parametrize(("option", "kind"), list(_readings()), ids=lambda item: getattr(item, "name", item))
def test_every_option_has_an_effect_on_whoever_reads_it(option: Option, kind: Workers) -> None:
    other = _history(STORM, kind, **{option.name: _other(option)})
    assert _told(other) != _told(_storm(kind))


def _seconds_between(history: History, call: str) -> set[int]:
    times = [event.t for event in history.where(witness="client", type="invoke", f=call)]
    return {round((later - earlier) / 10**9) for earlier, later in pairwise(times)}


@pytest.mark.parametrize("kind", Workers)
@pytest.mark.parametrize(
    ("option", "call"),
    [("workers.min_heartbeat_interval", "ti.heartbeat"), ("edge.job_poll_interval", "jobs.fetch")],
)
def test_calls_come_as_often_as_the_option_says(kind: Workers, option: str, call: str) -> None:
    for every in 3, 7:
        found = _seconds_between(_history(QUIET, kind, **{option: str(every)}), call)
        # a fetch that brings work is followed by another at once; a job that ends wakes an edge worker
        assert max(found) == every


def test_a_worker_is_unknown_after_five_of_its_heartbeat_intervals() -> None:
    death = replace(QUIET, faults=(Kill(target="worker-1", at=seconds(61)),))
    for interval in 6, 12:
        history = _history(death, Workers.SCRIPTED, **{"edge.heartbeat_interval": str(interval)})
        (lost,) = [event for event in history.where(f="edge_worker") if event.value["new"] == "unknown"]
        assert 0 <= lost.t / 10**9 - 60 - 5 * interval < 2


@pytest.mark.parametrize("kind", [Workers.EDGE, Workers.SUPERVISED])
def test_a_call_is_tried_as_often_as_the_option_says(kind: Workers) -> None:
    down = ServerErrors(a="*", b="api", at=seconds(20), lasting=minutes(2), calls="ti.heartbeat", status=503)
    for attempts in 2, 4:
        options = {"workers.execution_api_retries": str(attempts), "workers.max_failed_heartbeats": "1"}
        history = _history(replace(QUIET, faults=(down,)), kind, **options)
        failed = [event for event in history.where(f="ti.heartbeat") if event.value.get("status") == 503]
        assert len(failed) == attempts


def test_the_defaults_are_those_of_the_released_airflow() -> None:
    require_airflow()
    conf = importlib.import_module("airflow.sdk.configuration").conf
    client = importlib.import_module("airflow.providers.edge3.cli.api_client")
    for option in OPTIONS.values():
        section, _, name = option.name.partition(".")
        constant = getattr(client, name.upper(), None) if section == "edge" else None
        released = constant or conf.get(section, name, fallback=None)
        if (
            option.name != "scheduler.num_stuck_in_queued_retries"
        ):  # its default stands in the scheduler's code
            assert float(released) == float(option.default), option.name


def test_one_plan_with_options_gives_one_history() -> None:
    options = {"edge.heartbeat_interval": "7", "workers.min_heartbeat_interval": "3"}
    one, other = (_history(QUIET, Workers.SUPERVISED, **options) for _ in range(2))
    assert one.digest() == other.digest() != _history(QUIET, Workers.SUPERVISED).digest()
