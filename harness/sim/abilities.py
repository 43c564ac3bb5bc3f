"""What the simulated world can do, and how; what it cannot, and why."""

from __future__ import annotations

from collections.abc import Mapping

from harness.ports import Capability

HOW: Mapping[Capability, str] = {
    Capability.VIRTUAL_TIME: "the event loop's clock jumps to the next timer",
    Capability.PARTITION: (
        "segments wait on the link; TCP sends again when Linux would, gives up on data after 924.6 s, on connecting"
        " after 127 s"
    ),
    Capability.LATENCY: "each chunk arrives later, the handshake too",
    Capability.PACKET_LOSS: "a chunk is sent again after 200 ms, 400 ms, …: the connection stalls, no byte is lost",
    Capability.REORDERING: "a chunk arrives later, and what comes after it behind it",
    Capability.RESET: "both ends of every live connection get RST",
    Capability.HTTP_RULES: "at the client's end of its connection",
    Capability.TLS: "OpenSSL at both ends of the connection; the server has the certificate of a test CA",
    Capability.DNS: "getaddrinfo says EAI_AGAIN; stale: an address without a route",
    Capability.KILL: "the host's tasks never run again, its kernel closes the connections",
    Capability.OUT_OF_MEMORY: (
        "the process of the task that has run longest ends as by SIGKILL, or the worker's: its job processes go on; of a"
        " scripted worker both are one"
    ),
    Capability.STOP: "calls the handler that the worker has set for the signal; without one it dies",
    Capability.PAUSE: "nothing on the host runs, bodies included; its kernel goes on receiving",
    Capability.DISK: (
        "what a job process of an edge worker writes, its log and its error, fails with ENOSPC; nothing else here writes"
    ),
    Capability.CLOCK_SKEW: "time.time and datetime.now of the host's code are off",
    Capability.RESTART_SERVER: "a new API process on the same state; the scheduler goes on all the while",
    Capability.EDGE_WORKERS: "the released EdgeWorker on the virtual loop, its jobs in greenlets",
    Capability.SUPERVISED_WORKERS: "our Edge client, the released supervisor in greenlets",
    Capability.SCRIPTED_WORKERS: "asyncio on the virtual loop",
}

LACKS: Mapping[Capability, str] = {
    Capability.TASK_CODE: "its bodies run no code: take --world live, with edge or supervised workers",
    Capability.DATABASE: (
        "the fake keeps its state in memory: take DelayRequests for a slow database, ServerErrors with 500 for none"
    ),
}
