"""What is read off the machine beside a step."""

from __future__ import annotations

import os
import time

import pytest

from harness.capacity.sampling import PATIENCE, is_busy, sampled


@pytest.mark.parametrize(
    ("title", "busy"),
    [
        ("postgres: airflow airflow 127.0.0.1(40312) SELECT", True),
        ("postgres: airflow airflow 127.0.0.1(40312) idle in transaction", True),
        ("postgres: airflow airflow 127.0.0.1(40312) UPDATE waiting", True),
        ("postgres: airflow airflow 127.0.0.1(40312) idle", False),
        ("postgres: checkpointer", False),
    ],
)
def test_a_connection_is_in_use_from_the_begin_of_a_transaction_to_its_end(title: str, busy: bool) -> None:
    assert is_busy(title) is busy


def test_cores_are_those_of_the_moments_in_which_the_load_was_full() -> None:
    with sampled({"server": (os.getpid(),)}, url="http://127.0.0.1:9") as sampler:
        began = time.monotonic()
        while time.monotonic() < began + 5:  # on a busy machine the first look comes late
            sum(range(1000))
        full = time.monotonic()
        time.sleep(2.5)
    ended = time.monotonic()
    usage = sampler.usage(full, ended)
    whole = sampler.usage(began, ended)
    assert usage.cores["server"] < whole.cores["server"]
    assert usage.cpu_seconds == whole.cpu_seconds
    assert usage.lag < PATIENCE, "a call that is refused is none that is waited for"
