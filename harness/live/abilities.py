"""What the live world can do, and how; what it cannot, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.live.clocks import library
from harness.ports import Capability

HOW: Mapping[Capability, str] = {
    Capability.PARTITION: "the worker's relay keeps the bytes, and leaves its SYNs unanswered",
    Capability.LATENCY: "the worker's relay hands each chunk on later",
    Capability.PACKET_LOSS: "the worker's relay keeps a chunk for as long as TCP would take to send it again",
    Capability.REORDERING: "the worker's relay holds a chunk back, and what comes after it",
    Capability.RESET: "the worker's relay closes both sides with RST",
    Capability.HTTP_RULES: "in the worker's relay",
    Capability.KILL: "SIGKILL to every process of the worker's tree",
    Capability.OUT_OF_MEMORY: (
        "SIGKILL to the task with the highest /proc/PID/oom_score, or to the worker's main process; of a scripted"
        " worker both are one"
    ),
    Capability.STOP: "the signal goes to the worker's main process",
    Capability.PAUSE: "SIGSTOP and SIGCONT to every process of the worker's tree",
    Capability.CLOCK_SKEW: "libfaketime in the worker's processes, told by a file; monotonic time is the machine's",
    Capability.RESTART_SERVER: "the server's process ends and starts again; relays refuse meanwhile",
    Capability.EDGE_WORKERS: "`airflow edge worker` as a process",
    Capability.SUPERVISED_WORKERS: "our Edge client as a process, the released supervisor for each task",
    Capability.SCRIPTED_WORKERS: "our reference worker as a process",
}

LACKS: Mapping[Capability, str] = {
    Capability.VIRTUAL_TIME: "its time is the machine's",
    Capability.DNS: "its workers find the API by address and look up no name",
}

NEEDS: Mapping[Capability, Callable[[], str | None]] = {
    Capability.CLOCK_SKEW: lambda: (
        None if library() else "libfaketime is not installed here (apt-get install faketime)"
    ),
}
"""What the machine must have for some of it: why it is missing here, None where it is not."""


def missing() -> dict[Capability, str]:
    """What this machine cannot do of all that the world can, and why."""
    return {capability: why for capability, need in NEEDS.items() if (why := need()) is not None}
