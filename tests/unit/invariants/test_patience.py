from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]


@pytest.fixture
def hasty(broken: Broken) -> Broken:
    return partial(broken, "retry_after_is_heeded")


def call(t: int, n: int, *, worker: str = "worker-1", status: str = "", after: str = "") -> str:
    answer = f"{t}s client {worker} info jobs.fetch call={n} status={status or 200} {after}\n"
    return f"{t}s client {worker} invoke jobs.fetch call={n} worker={worker} exp={t}\n{answer}"


def test_who_comes_again_sooner_than_he_was_told_is_told(hasty: Broken) -> None:
    assert hasty(call(1, 1, status="503", after="retry_after=30") + call(6, 2)) == [
        "worker-1 was told at 1s to make jobs.fetch again after 30 s and did so 1s–6s"
    ]


def test_who_waits_as_long_as_he_was_told_is_right(hasty: Broken) -> None:
    assert hasty(call(1, 1, status="429", after="retry_after=30") + call(31, 2)) == []


def test_an_answer_that_asks_for_nothing_may_be_tried_again_at_once(hasty: Broken) -> None:
    assert hasty(call(1, 1, status="503") + call(2, 2)) == []
    assert hasty(call(1, 1, status="500", after="retry_after=30") + call(2, 2)) == []


def test_another_worker_and_another_process_cannot_know(hasty: Broken) -> None:
    told = call(1, 1, status="503", after="retry_after=30")
    assert hasty(told + call(2, 2, worker="worker-2")) == []
    assert hasty(told + "2s world worker-1 info worker.start kind=edge slots=1\n" + call(3, 2)) == []
