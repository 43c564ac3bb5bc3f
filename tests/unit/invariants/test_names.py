from collections.abc import Callable
from functools import partial

import pytest

Broken = Callable[..., list[str]]

FIRST = (
    "1s client worker-1 invoke worker.register call=1 worker=w\n1s client worker-1 ok worker.register call=1"
)
SECOND = (
    "9s client worker-2 invoke worker.register call=2 worker={}\n9s client worker-2 {} worker.register call=2"
)
EXIT = "5s world worker-1 info worker.exit reason=killed"


@pytest.fixture
def taken(broken: Broken) -> Broken:
    return partial(broken, "one_worker_has_a_name")


def test_a_name_that_is_given_twice_is_found(taken: Broken) -> None:
    assert taken(f"{FIRST}\n{SECOND.format('w', 'ok')}") == [
        "worker-2 was registered as w at 9s, which is worker-1"
    ]


@pytest.mark.parametrize(
    "lines",
    [
        (FIRST, SECOND.format("w", "fail")),
        (FIRST, SECOND.format("v", "ok")),
        (FIRST, EXIT, SECOND.format("w", "ok")),
        (FIRST, FIRST.replace("call=1", "call=2")),
    ],
    ids=["refused", "another name", "the first has ended", "it comes back itself"],
)
def test_a_name_is_free_or_its_own(taken: Broken, lines: tuple[str, ...]) -> None:
    assert taken("\n".join(lines)) == []
