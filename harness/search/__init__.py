"""Search: every fault at every call, storms by the seed, and the smallest plan that fails alike."""

from __future__ import annotations

from harness.search.cells import Cell, cells, small
from harness.search.cluster import cluster
from harness.search.exhaust import exhaust, quiet_moments
from harness.search.journal import Journal, Record
from harness.search.outcome import Examined, Outcome, Runner, State, examine
from harness.search.pool import Inline, executor
from harness.search.searching import Means
from harness.search.shrink import DoesNotFail, FailsOtherwise, Shrunk, shrink
from harness.search.storms import storm_plan
from harness.search.swarm import swarm

__all__ = [
    "Cell",
    "DoesNotFail",
    "Examined",
    "FailsOtherwise",
    "Inline",
    "Journal",
    "Means",
    "Outcome",
    "Record",
    "Runner",
    "Shrunk",
    "State",
    "cells",
    "cluster",
    "examine",
    "executor",
    "exhaust",
    "quiet_moments",
    "shrink",
    "small",
    "storm_plan",
    "swarm",
]
