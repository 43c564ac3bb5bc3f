from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]


@pytest.fixture
def ended(broken: Broken) -> Broken:
    return partial(broken, "the_server_stays_up")


@pytest.mark.parametrize("process", ["api", "scheduler"])
def test_a_process_of_the_server_that_ends_by_itself_is_found(ended: Broken, process: str) -> None:
    text = f"1m world {process} fail worker.exit reason='it ended by itself' error=IntegrityError"
    assert ended(text) == [f"the {process} ended at 1m: IntegrityError"]


def test_a_worker_that_ends_is_another_matter(ended: Broken) -> None:
    assert ended("1m world worker-1 fail worker.exit reason='it ended by itself'") == []
