"""Testing and chaos simulation for Apache Airflow 3 remote task execution: the public names."""

TYPE_CHECKING = False  # that of `typing`, which takes long to import

if TYPE_CHECKING:
    from harness.catalogue import scenario
    from harness.model.chaos import every, flip_flop, mix, rolling, staircase, swizzle
    from harness.model.faults import (
        Aftermath,
        BadCertificate,
        CertificateFlaw,
        ClockSkew,
        CloseIdle,
        CorruptReplies,
        DelayReplies,
        DelayRequests,
        Direction,
        DiskFull,
        DnsFailure,
        DuplicateRequests,
        Flaw,
        Kill,
        Latency,
        LoseReplies,
        LoseRequests,
        OutOfMemory,
        PacketLoss,
        Partition,
        Pause,
        RenewClient,
        Reordering,
        ResetPeer,
        RestartServer,
        RevokeClient,
        RotateCertificate,
        ServerErrors,
        Stop,
        TruncateReplies,
        Victim,
    )
    from harness.model.plan import Plan
    from harness.model.planning import make_plan
    from harness.model.scenario import Fleet, Link, Scenario, Tasks, Workers
    from harness.model.tls_faults import Tls
    from harness.runner import Run, run_plan
    from harness.units import hours, minutes, ms, seconds

__all__ = [
    "Aftermath",
    "BadCertificate",
    "CertificateFlaw",
    "ClockSkew",
    "CloseIdle",
    "CorruptReplies",
    "DelayReplies",
    "DelayRequests",
    "Direction",
    "DiskFull",
    "DnsFailure",
    "DuplicateRequests",
    "Flaw",
    "Fleet",
    "Kill",
    "Latency",
    "Link",
    "LoseReplies",
    "LoseRequests",
    "OutOfMemory",
    "PacketLoss",
    "Partition",
    "Pause",
    "Plan",
    "RenewClient",
    "Reordering",
    "ResetPeer",
    "RestartServer",
    "RevokeClient",
    "RotateCertificate",
    "Run",
    "Scenario",
    "ServerErrors",
    "Stop",
    "Tasks",
    "Tls",
    "TruncateReplies",
    "Victim",
    "Workers",
    "every",
    "flip_flop",
    "hours",
    "make_plan",
    "minutes",
    "mix",
    "ms",
    "rolling",
    "run_plan",
    "scenario",
    "seconds",
    "staircase",
    "swizzle",
]

_HOMES = (
    "units",
    "model.faults",
    "model.scenario",
    "model.chaos",
    "model.plan",
    "model.planning",
    "catalogue",
    "runner",
)
"""Where the names are found, what is quick to import first."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the command line and pytest load this package long before."""
    if name in __all__:
        import importlib

        for home in _HOMES:
            module = importlib.import_module(f"harness.{home}")
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
