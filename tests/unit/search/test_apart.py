from __future__ import annotations

import gc
import os
import signal
import time

import pytest

from harness.errors import BadPlan
from harness.search.apart import apart


def _pid_and_time() -> tuple[int, float]:
    print("what a run prints is no answer")
    return os.getpid(), time.time()


def _refuse() -> None:
    raise BadPlan("no plan")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_call_is_answered_by_one_process_that_stays_and_is_not_ours() -> None:
    (first, _), (second, _) = apart((), _pid_and_time), apart((), _pid_and_time)
    assert first == second != os.getpid()


def test_what_the_call_raises_is_raised_here() -> None:
    with pytest.raises(BadPlan, match="no plan"):
        apart((), _refuse)


@pytest.mark.parametrize("ended", [False, True])
def test_a_process_that_was_lost_is_replaced(ended: bool) -> None:
    pid, _ = apart((), _pid_and_time)
    os.kill(pid, signal.SIGKILL)
    if ended:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert apart((), _pid_and_time)[0] != pid
    gc.collect()  # pipes that are left open are told by now


def test_a_call_that_kills_its_process_every_time_is_given_up() -> None:
    with pytest.raises(ChildProcessError, match="the next one too"):
        apart((), _die)
