"""What the live world can do, and how; what it cannot, and why."""

from __future__ import annotations

from collections.abc import Mapping

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
    Capability.RESTART_SERVER: "the server's process ends and starts again; relays refuse meanwhile",
    Capability.EDGE_WORKERS: "`airflow edge worker` as a process",
    Capability.SUPERVISED_WORKERS: "our Edge client as a process, the released supervisor for each task",
    Capability.SCRIPTED_WORKERS: "our reference worker as a process",
}

LACKS: Mapping[Capability, str] = {
    Capability.VIRTUAL_TIME: "its time is the machine's",
    Capability.DNS: "its workers find the API by address and look up no name",
    Capability.CLOCK_SKEW: "its hosts share the machine's clock",
}
