"""What is named as the thing that ran out."""

from __future__ import annotations

from typing import Any

import pytest

from harness.capacity.bottleneck import Hardware, bottleneck
from harness.capacity.levels import SATURATED
from harness.capacity.step import Answer, Step, Usage

TWO = Hardware(cores=2, connections=15)


@pytest.mark.parametrize(
    ("cores", "waits", "named"),
    [
        ({"server": 0.98, "generator": 0.3, "machine": 1.3}, {"lag": 0.1}, "server CPU, 98% in use"),
        ({"server": 0.5, "database": 1.8, "machine": 2.0}, {"lag": 0.1}, "database CPU, 90% in use"),
        (
            {"server": 0.5, "database": 0.1, "machine": 0.8},
            {"lag": 3.0, "queue": 4.0},
            "the server's event loop, or the network: no CPU was busy, and a bare call took 3.0 s",
        ),
        ({"server": 0.1, "machine": 0.2}, {"queue": 9.0, "lag": 0.1}, "the server's threads"),
        (
            {"server": 0.1, "machine": 0.2},
            {"queue": 9.0, "connections": 15},
            "connections to the database, 100%",
        ),
        ({"server": 0.5, "machine": 0.8}, {"lag": 0.01}, "nothing that was sampled"),
        (
            {"server": 0.3, "generator": 0.2, "machine": 2.0},
            {"lag": 0.1},
            "others used 1.5 cores of this machine",
        ),
    ],
)
def test_it_is_named(cores: dict[str, float], waits: dict[str, Any], named: str) -> None:
    step = Step(amount=1, seconds=1, answer=Answer.MISSED, usage=Usage(cores=cores, **waits))
    assert named in bottleneck(step, TWO)


def test_a_saturated_generator_is_named_before_all_else() -> None:
    step = Step(
        amount=1,
        seconds=1,
        answer=Answer.UNKNOWN,
        why=(f"{SATURATED}: so",),
        usage=Usage(cores={"server": 1}),
    )
    assert bottleneck(step, TWO).startswith("the load generator")


def test_two_processes_of_the_generator_may_use_two_cores() -> None:
    step = Step(amount=1, seconds=1, answer=Answer.MISSED, usage=Usage(cores={"generator": 1.0}))
    assert bottleneck(step, Hardware(cores=4, generators=2)).startswith("nothing that was sampled")


def test_a_server_of_four_processes_is_full_with_four_cores() -> None:
    step = Step(amount=1, seconds=1, answer=Answer.MISSED, usage=Usage(cores={"server": 3.6}))
    assert bottleneck(step, Hardware(cores=8, server_processes=4)) == "server CPU, 90% in use"
