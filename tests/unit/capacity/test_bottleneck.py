"""What is named as the thing that ran out."""

from __future__ import annotations

import pytest

from harness.capacity.bottleneck import Hardware, bottleneck
from harness.capacity.levels import SATURATED
from harness.capacity.step import Answer, Step, Usage

TWO = Hardware(cores=2)


@pytest.mark.parametrize(
    ("cores", "lag", "named"),
    [
        ({"server": 0.98, "generator": 0.3, "machine": 1.3}, 0.1, "server CPU, 98% in use"),
        ({"server": 0.5, "database": 1.8, "machine": 2.0}, 0.1, "database CPU, 90% in use"),
        (
            {"server": 0.5, "database": 0.1, "machine": 0.8},
            3.0,
            "nothing is out of CPU, and a bare call waits",
        ),
        ({"server": 0.5, "machine": 0.8}, 0.01, "nothing that was sampled"),
        ({"server": 0.3, "generator": 0.2, "machine": 2.0}, 0.1, "others used 1.5 cores of this machine"),
    ],
)
def test_it_is_named(cores: dict[str, float], lag: float, named: str) -> None:
    step = Step(amount=1, seconds=1, answer=Answer.MISSED, usage=Usage(cores=cores, lag=lag))
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


def test_a_server_of_four_processes_is_full_with_four_cores() -> None:
    step = Step(amount=1, seconds=1, answer=Answer.MISSED, usage=Usage(cores={"server": 3.6}))
    assert bottleneck(step, Hardware(cores=8, server_processes=4)) == "server CPU, 90% in use"
