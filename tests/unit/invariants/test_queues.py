from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan, Submission

TEXT = """
1s body worker-1 invoke body call=1 task=storm/a/run-1
5s body worker-1 ok body call=1 task=storm/a/run-1
"""


@pytest.fixture
def astray(
    past: Callable[[str], History], planned: Callable[..., Plan], task: Callable[..., Submission]
) -> Callable[..., list[str]]:
    def told(queue: str, serves: tuple[str, ...]) -> list[str]:
        plan = planned(replace(task("a"), queue=queue), invariants=("jobs_keep_to_their_queues",))
        plan = replace(plan, workers=tuple(replace(each, queues=serves) for each in plan.workers))
        return [found.summary for found in judge(past(TEXT), plan).counterexamples]

    return partial(told)


def test_a_task_on_a_worker_that_does_not_serve_its_queue_is_told(astray: Callable[..., list[str]]) -> None:
    assert astray("gpu", ("default", "slow")) == [
        "storm/a/run-1, of queue gpu, ran at 1s on worker-1, which serves default, slow"
    ]


@pytest.mark.parametrize("serves", [("default", "gpu"), ()])
def test_a_worker_serves_the_queues_it_names_or_all_if_it_names_none(
    astray: Callable[..., list[str]], serves: tuple[str, ...]
) -> None:
    assert astray("gpu", serves) == []
