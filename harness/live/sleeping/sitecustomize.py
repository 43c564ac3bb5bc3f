"""time.sleep for processes under libfaketime, which Python imports as it starts.

Python sleeps until a moment of the monotonic clock, which libfaketime up to 0.9.10 takes for one of the wall clock:
with monotonic time left alone, the system call fails with EINVAL. Waiting by select it leaves as it is.
"""

import select
import time


def _sleep(seconds: float, /) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]
