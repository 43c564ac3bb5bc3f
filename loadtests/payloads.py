"""How large and how long things are: distributions, drawn from a user's own stream."""

from __future__ import annotations

from random import Random

#: XComs are small, and now and then a page of text: log-normal, median 200 B, one in a hundred above 12 kB.
XCOM_MEDIAN, XCOM_SIGMA, XCOM_MOST = 200, 1.8, 64_000
#: What a task logs between two pushes: median 2 kB, at most a chunk of [edge] push_log_chunk_size.
LOG_MEDIAN, LOG_SIGMA, LOG_MOST = 2_000, 1.2, 524_288
#: Bodies: the median is an option; one in ten takes almost three times as long.
BODY_SIGMA = 0.8
#: How tasks end, of a hundred.
FAIL = 3
_LINE = "[2026-01-01T00:00:00+00:00] INFO - a line of a task's log, as long as such lines are\n"


def body_seconds(random: Random, *, median: float, met: bool = False) -> float:
    """How long a task's body takes; of one that is `met` in the middle of it, how long it still does.

    Whoever looks at some moment meets long bodies more often, each anywhere in it. Where all first tasks are such,
    tasks begin and end from the first minute on as often as they will for ever.
    """
    if met:
        return random.random() * random.lognormvariate(BODY_SIGMA**2, BODY_SIGMA) * median
    return random.lognormvariate(0, BODY_SIGMA) * median


def xcom(random: Random) -> str:
    """A return value."""
    return "x" * _size(random, XCOM_MEDIAN, XCOM_SIGMA, XCOM_MOST)


def log_chunk(random: Random) -> str:
    """A chunk of a log, in lines."""
    size = _size(random, LOG_MEDIAN, LOG_SIGMA, LOG_MOST)
    return (_LINE * (size // len(_LINE) + 1))[:size]


def fails(random: Random) -> bool:
    """Whether a task ends by raising."""
    return random.randrange(100) < FAIL


def _size(random: Random, median: int, sigma: float, most: int) -> int:
    return min(most, max(1, int(median * random.lognormvariate(0, sigma))))
