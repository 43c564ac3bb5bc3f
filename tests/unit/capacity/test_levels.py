"""What of a step keeps the service levels, what misses them, what says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.capacity.levels import ServiceLevels, judge, of_workers
from harness.capacity.step import Load

FINE: dict[str, Any] = {
    "why": [],
    "counts": {"ti.heartbeat": 100, "ti.run": 4},
    "failures": {},
    "promises": {"tested": {}, "broken": {}},
    "arrivals": {"made": 100, "dropped": 0},
    "latencies_ms": {"ti.heartbeat": {"p99": 20.0}, "ti.run": {"p99": 40.0}},
    "generator": [{"saturated": ""}],
}


def test_quick_answers_without_failures_keep_the_levels() -> None:
    assert judge(FINE, ServiceLevels()) == ("kept", ())


@pytest.mark.parametrize(
    ("change", "answer", "why"),
    [
        ({"latencies_ms": {"ti.run": {"p99": 2600}}}, "missed", "ti.run took 2.60 s at the 99th percentile"),
        ({"failures": {"ti.heartbeat": 1}}, "missed", "1 heartbeats failed"),
        ({"failures": {"ti.run": 2}}, "missed", "2 of 104 calls failed"),
        ({"promises": {"broken": {"a job is handed out once": 2}}}, "missed", "broken 2 times: a job is"),
        ({"arrivals": {"made": 100, "dropped": 2}}, "missed", "2 of 100 arrivals were dropped"),
        ({"generator": [{"saturated": "it was busy"}]}, "unknown", "generator was saturated: it was busy"),
        ({"counts": {"jobs.fetch": 9}, "why": ["no job was to be had"]}, "unknown", "no job was to be had"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], answer: str, why: str) -> None:
    told, reasons = judge(FINE | change, ServiceLevels())
    assert told == answer
    assert why in "; ".join(reasons)


def test_seeding_that_takes_its_time_misses_nothing() -> None:
    latencies = FINE["latencies_ms"] | {"admin.seed": {"p99": 9000}}
    slow = FINE | {"latencies_ms": latencies, "failures": {"admin.seed": 1}}
    assert judge(slow, ServiceLevels())[0] == "missed"
    assert judge(of_workers(slow), ServiceLevels()) == ("kept", ())


def test_a_saturated_generator_hides_what_the_server_missed() -> None:
    late = {"latencies_ms": {"ti.run": {"p99": 9000}}, "generator": [{"saturated": "it was busy"}]}
    assert judge(FINE | late, ServiceLevels())[0] == "unknown"


def test_idle_workers_work_by_being_there() -> None:
    idle = FINE | {"counts": {"worker.set_state": 5}, "latencies_ms": {}}
    assert judge(idle, ServiceLevels(), load=Load.IDLE_WORKERS)[0] == "kept"
    assert judge(idle, ServiceLevels())[0] == "unknown"
