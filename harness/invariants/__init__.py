"""The promises: pure functions from a History and its Plan to what breaks them.

Add one with `@safety`, `@liveness` or `@exercised`; a plan names those it wants judged.
"""

from harness.invariants import (  # noqa: F401 - importing them registers their invariants
    bearing,
    draining,
    finishing,
    jobs,
    logs,
    names,
    outliving,
    overlap,
    patience,
    queues,
    refusals,
    rejoining,
    reporting,
    results,
    running,
    serving,
    slots,
    stopping,
    substance,
    success,
    tokens,
    transitions,
    tries,
    truth,
)
from harness.invariants.judge import judge
from harness.invariants.owing import owing
from harness.invariants.registry import INVARIANTS, Finding, Invariant, exercised, liveness, named, safety

__all__ = ["INVARIANTS", "Finding", "Invariant", "exercised", "judge", "liveness", "named", "owing", "safety"]
