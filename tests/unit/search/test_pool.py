"""The processes of a search on this machine."""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures import Future

import pytest

from harness.search import executor


def _broken_off(waiting: list[Future[None]]) -> None:
    with executor(2) as pool:
        pool.submit(signal.getsignal, signal.SIGINT).result()  # the processes are there
        waiting += [pool.submit(signal.pause) for _ in range(4)]  # each would for ever
        raise KeyboardInterrupt


def test_a_search_that_is_broken_off_waits_for_none_of_the_plans_that_run() -> None:
    others = multiprocessing.active_children()
    waiting: list[Future[None]] = []
    with pytest.raises(KeyboardInterrupt):
        _broken_off(waiting)
    assert [future.done() for future in waiting] == [True] * 4
    assert [child for child in multiprocessing.active_children() if child not in others] == []
