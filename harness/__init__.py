"""Testing and chaos simulation for Apache Airflow 3 remote task execution: the public names."""

from harness.catalogue import scenario
from harness.model.faults import (
    Aftermath,
    Direction,
    Kill,
    Latency,
    LoseReplies,
    LoseRequests,
    PacketLoss,
    Partition,
    Pause,
    ResetPeer,
    RestartServer,
    ServerErrors,
)
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Link, Scenario, Tasks, Workers
from harness.runner import Run, run_plan
from harness.units import hours, minutes, ms, seconds

__all__ = [
    "Aftermath",
    "Direction",
    "Fleet",
    "Kill",
    "Latency",
    "Link",
    "LoseReplies",
    "LoseRequests",
    "PacketLoss",
    "Partition",
    "Pause",
    "Plan",
    "ResetPeer",
    "RestartServer",
    "Run",
    "Scenario",
    "ServerErrors",
    "Tasks",
    "Workers",
    "hours",
    "make_plan",
    "minutes",
    "ms",
    "run_plan",
    "scenario",
    "seconds",
]
