"""The real clock and real ids: what State uses unless a test or a simulation injects its own."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def utc_now() -> datetime:
    """The wall clock, timezone aware."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A time-ordered random id like the ones Airflow gives task instances."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = random >> 68 & 0xFFF
    low = random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
