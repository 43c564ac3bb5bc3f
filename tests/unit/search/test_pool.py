"""The processes of a search on this machine."""

from __future__ import annotations

import multiprocessing
import signal

import pytest

from harness.search import executor


def test_a_search_that_is_broken_off_waits_for_none_of_the_plans_that_run() -> None:
    others = multiprocessing.active_children()
    with pytest.raises(KeyboardInterrupt), executor(2) as pool:
        pool.submit(signal.getsignal, signal.SIGINT).result()  # the processes are there
        waiting = [pool.submit(signal.pause) for _ in range(4)]  # each would for ever
        raise KeyboardInterrupt
    assert all(future.done() for future in waiting)
    assert [child for child in multiprocessing.active_children() if child not in others] == []
