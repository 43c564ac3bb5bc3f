"""What the live world can do, and how; what it cannot, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import StrEnum

from harness.live.clocks import library
from harness.live.disks import why_no_disks
from harness.ports import Capability

#: Names an image for the workers' containers; without it they have this machine's own runtime.
IMAGE_VARIABLE = "HARNESS_WORKER_IMAGE"


class Hosts(StrEnum):
    """What a live worker's host is."""

    PROCESSES = "processes"  # of this machine
    NAMESPACES = "namespaces"  # processes, each host in a network of its own
    CONTAINERS = "containers"  # of this machine's Docker engine, in its network


HOW: Mapping[Capability, str] = {
    Capability.PARTITION: "the worker's relay keeps the bytes, and leaves its SYNs unanswered",
    Capability.LATENCY: "the worker's relay hands each chunk on later",
    Capability.PACKET_LOSS: "the worker's relay keeps a chunk for as long as TCP would take to send it again",
    Capability.REORDERING: "the worker's relay holds a chunk back, and what comes after it",
    Capability.RESET: "the worker's relay closes both sides with RST",
    Capability.HTTP_RULES: "in the worker's relay",
    Capability.TLS: "TLS ends at the worker's relay, which has the server's certificate of a test CA",
    Capability.DATABASE: "a relay before PostgreSQL for each process of the server: with `--server airflow+postgres`",
    Capability.KILL: "SIGKILL to every process of the worker's tree",
    Capability.OUT_OF_MEMORY: (
        "SIGKILL to the task with the highest /proc/PID/oom_score, or to the worker's main process; of a scripted"
        " worker both are one"
    ),
    Capability.STOP: "the signal goes to the worker's main process",
    Capability.PAUSE: "SIGSTOP and SIGCONT to every process of the worker's tree",
    Capability.DISK: (
        "the worker has a tmpfs of 64 MB for all that it writes, which is filled up; what fits into the last page of a"
        " file still does"
    ),
    Capability.CLOCK_SKEW: "libfaketime in the worker's processes, told by a file; monotonic time is the machine's",
    Capability.RESTART_SERVER: "the server's process ends and starts again; relays refuse meanwhile",
    Capability.TASK_CODE: "a Dag file, which the task's process runs",
    Capability.EDGE_WORKERS: "`airflow edge worker` as a process",
    Capability.SUPERVISED_WORKERS: "our Edge client as a process, the released supervisor for each task",
    Capability.SCRIPTED_WORKERS: "our reference worker as a process",
}

LACKS: Mapping[Capability, str] = {
    Capability.VIRTUAL_TIME: "its time is the machine's",
    Capability.DNS: "its workers find the API by its address, not by a name: take --hosts namespaces",
}

NEEDS: dict[Capability, Callable[[], str | None]] = {
    Capability.CLOCK_SKEW: lambda: (
        None if library() else "libfaketime is not installed here (apt-get install faketime)"
    ),
    Capability.DISK: why_no_disks,
}
"""What the machine must have for some of it: why it is missing here, None where it is not."""


POSTGRES = "airflow+postgres"
"""The server that has its database on a network."""


def missing(hosts: Hosts, server: str) -> dict[Capability, str]:
    """What this machine cannot do of all that the world with such hosts and that server can, and why."""
    lacks = {capability: why for capability, need in NEEDS.items() if (why := need()) is not None}
    if hosts is Hosts.CONTAINERS and (image := os.environ.get(IMAGE_VARIABLE)):
        lacks[Capability.CLOCK_SKEW] = (
            f"{image}, which {IMAGE_VARIABLE} names, has not this machine's libfaketime"
        )
    if server != POSTGRES:
        lacks[Capability.DATABASE] = (
            f"that of --server {server} is on no network of ours: take --server {POSTGRES}"
        )
    return lacks


BETTER: Mapping[Hosts, Mapping[Capability, str]] = {
    Hosts.PROCESSES: {},
    Hosts.NAMESPACES: {
        Capability.PARTITION: "each packet on the worker's cable is lost, its SYNs and FINs too",
        Capability.LATENCY: "each packet on the worker's cable comes later; with jitter they overtake each other",
        Capability.PACKET_LOSS: "packets on the worker's cable are lost, and TCP finds out",
        Capability.REORDERING: "packets on the worker's cable overtake those that are held back",
        Capability.DNS: "its name server fails; stale: an address without a route",
    },
    Hosts.CONTAINERS: {
        Capability.KILL: "`docker kill`, and `docker start` of the same container",
        Capability.OUT_OF_MEMORY: "the same; with its worker the container ends, and all that runs there",
        Capability.STOP: "`docker kill --signal`: the container's init hands it on, and ends with the worker",
        Capability.PAUSE: "`docker pause` and `docker unpause`",
    },
}
"""What hosts of some kind do otherwise than processes do."""


THROUGH_TOXIPROXY: Mapping[Capability, str] = {
    Capability.PARTITION: "`latency` without end: connections are taken, and bytes wait; an end passes if none wait before it",
    Capability.LATENCY: "`latency`, with its jitter",
}
"""What a Toxiproxy before the API does otherwise than a relay; all else stays with the relays."""


def how(hosts: Hosts) -> dict[Capability, str]:
    """How a live world with such hosts does what it can."""
    return {**HOW, **BETTER[hosts]}
