"""The service levels: what a step must keep, and what it has to have shown to count at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.capacity.step import HEARTBEAT, Answer, Load

#: Which calls are work done.
WORK = (HEARTBEAT, "ti.run", "jobs.state")
IDLE_WORK = ("worker.set_state",)
#: Calls that bring the load its work: no worker makes them, and no level is theirs.
FEEDING = ("admin.seed",)
SATURATED = "the generator was saturated"


@dataclass(frozen=True, kw_only=True)
class ServiceLevels:
    """What has to hold of a step. `p99` is in seconds: half of the client's timeout leaves a margin."""

    p99: float = 2.5
    failed_heartbeats: int = 0
    failed_share: float = 0.0
    dropped_share: float = 0.01


def of_workers(results: Mapping[str, Any]) -> dict[str, Any]:
    """The same without the calls that only feed the load."""
    by_operation = ("counts", "failures", "full", "latencies_ms")
    return {
        name: {op: each for op, each in told.items() if op not in FEEDING} if name in by_operation else told
        for name, told in results.items()
    }


def judge(
    results: Mapping[str, Any], levels: ServiceLevels, *, load: Load = Load.WORKERS
) -> tuple[Answer, tuple[str, ...]]:
    """The answer for what Locust measured (the JSON of `--results`), and why it is not `kept`."""
    if unknown := tuple(_unknown(results, IDLE_WORK if load is Load.IDLE_WORKERS else WORK)):
        return Answer.UNKNOWN, unknown
    missed = tuple(_missed(results, levels))
    return (Answer.MISSED if missed else Answer.KEPT), missed


def _unknown(results: Mapping[str, Any], work: tuple[str, ...]) -> Iterator[str]:
    for process in results["generator"]:
        if why := process["saturated"]:
            yield f"{SATURATED}: {why}"
    if not any(results["counts"].get(each) for each in work):
        yield "no work was done: " + ("; ".join(results["why"]) or "no task was run")


def _missed(results: Mapping[str, Any], levels: ServiceLevels) -> Iterator[str]:
    for promise, times in results["promises"]["broken"].items():
        yield f"broken {times} times: {promise}"
    counts, failures = results["counts"], results["failures"]
    if (beats := failures.get(HEARTBEAT, 0)) > levels.failed_heartbeats:
        yield f"{beats} heartbeats failed"
    calls = sum(counts.get(op, 0) for op in results["latencies_ms"])
    failed = sum(failures.values())
    if failed > levels.failed_share * calls:
        yield f"{failed} of {calls} calls failed"
    arrivals = results.get("arrivals", {})
    dropped, made = arrivals.get("dropped", 0), arrivals.get("made", 0)
    if made and dropped > levels.dropped_share * made:
        yield f"{dropped} of {made} arrivals were dropped: as many were waiting as there were users"
    for op, figures in results["latencies_ms"].items():
        if (p99 := figures["p99"] / 1000) > levels.p99:
            yield f"{op} took {p99:.2f} s at the 99th percentile, and {levels.p99:g} s are allowed"
