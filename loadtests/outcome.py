"""What a load test says at its end: the figures of all processes together, and an exit code."""

from __future__ import annotations

from collections import Counter
from typing import Any

from loadtests.latency import Latencies
from loadtests.load import Load

VALID, BROKEN, MISSED, UNKNOWN = 0, 1, 2, 3
WORDS = {VALID: "valid", BROKEN: "invalid", MISSED: "invalid", UNKNOWN: "unknown"}


def report_of(load: Load) -> dict[str, Any]:
    """What one process has to tell, as JSON: it goes to the master, and adds up."""
    return {
        "counts": dict(load.counts),
        "failures": dict(load.failures),
        "full": dict(load.full),
        "begun": load.gate.begun,
        "reasons": load.reasons,
        "promises": {"tested": dict(load.promises.tested), "broken": dict(load.promises.broken)},
        "examples": load.promises.examples,
        "cut_off": load.cut_off,
        "tokens_refreshed": load.tokens_refreshed,
        "there": len(load.there),
        "back": load.back,
        "lost": len(load.lost),
        "arrivals": _arrivals(load),
        "latencies": load.latencies.encode(),
        "generator": load.watch.summary() | _effort(load),
    }


def _arrivals(load: Load) -> dict[str, int]:
    made = load.arrivals if load.options.rate else None
    return {"made": made.made, "dropped": made.dropped} if made else {}


def _effort(load: Load) -> dict[str, float]:
    """What the process spent: seconds of CPU, calls, and calls for each second of CPU."""
    seconds, calls = load.watch.cpu_seconds, load.calls
    return {
        "cpu_seconds": seconds,
        "calls": calls,
        "calls_per_cpu_second": calls / seconds if seconds else 0.0,
    }


class Outcome:
    """The reports of all processes: the latest of each, added up."""

    def __init__(self) -> None:
        self._reports: dict[str, dict[str, Any]] = {}

    def take(self, process: str, report: dict[str, Any]) -> None:
        """The latest report of a process."""
        self._reports[process] = report

    def summary(self) -> dict[str, Any]:
        """All of it as JSON."""
        reports = list(self._reports.values())
        latencies = Latencies()
        for each in reports:
            latencies.add(each["latencies"])
        code, why = self._judge()
        return {
            "answer": WORDS[code],
            "exit_code": code,
            "why": why,
            "counts": _sum(each["counts"] for each in reports),
            "failures": _sum(each["failures"] for each in reports),
            "full": _sum(each["full"] for each in reports),
            "begun": max((each["begun"] for each in reports), default=0.0),
            "reasons": {what: why for each in reports for what, why in each["reasons"].items()},
            "promises": {of: _sum(each["promises"][of] for each in reports) for of in ("tested", "broken")},
            "examples": {what: told for each in reports for what, told in each["examples"].items()},
            "cut_off": sum(each["cut_off"] for each in reports),
            "tokens_refreshed": sum(each["tokens_refreshed"] for each in reports),
            "arrivals": _sum(each["arrivals"] for each in reports),
            "back": _back(
                [seconds for each in reports for seconds in each["back"].values()],
                of=sum(each["there"] for each in reports),
                lost=sum(each["lost"] for each in reports),
            ),
            "latencies_ms": latencies.summary(),
            "generator": [each["generator"] for each in reports],
        }

    def _judge(self) -> tuple[int, list[str]]:
        """The exit code, worst first: a broken promise stays one, whoever was saturated."""
        reports = self._reports.items()
        broken = _sum(each["promises"]["broken"] for _, each in reports)
        if broken:
            return BROKEN, [f"broken: {promise}, {times} times" for promise, times in broken.items()]
        saturated = [
            f"the generator was saturated: in process {name}, {why}"
            for name, each in reports
            if (why := each["generator"]["saturated"])
        ]
        if saturated:
            return UNKNOWN, saturated
        counts = _sum(each["counts"] for _, each in reports)
        if not exercised(counts):
            failures = _sum(each["failures"] for _, each in reports)
            reasons = [why for _, each in reports for why in each["reasons"].values()]
            return UNKNOWN, [_nothing(counts, failures, reasons)]
        why = [
            f"failed: {op}, {times} of {counts[op]} calls"
            for op, times in _sum(each["failures"] for _, each in reports).items()
        ]
        arrivals = _sum(each["arrivals"] for _, each in reports)
        if arrivals.get("dropped"):
            why.append(
                f"dropped: {arrivals['dropped']} of {arrivals['made']} arrivals found all users busy; give more --users"
            )
        return (MISSED if why else VALID), why


#: Any of these, answered well, is work that was done.
WORK = ("ti.run", "jobs.state", "dag runs triggered")


def exercised(counts: dict[str, int]) -> bool:
    """Whether any work was done."""
    return any(counts.get(op) for op in WORK)


def _nothing(counts: dict[str, int], failures: dict[str, int], reasons: list[str]) -> str:
    if reasons:
        return f"no task was run, for one because {reasons[0]}"
    if failures:
        op, times = max(failures.items(), key=lambda each: each[1])
        return f"no task was run: of {counts[op]} calls of {op}, {times} failed"
    if fetches := counts.get("fetches without a job", 0):
        return f"no job was to be had in {fetches} fetches: --feed and --queue say where they come from"
    return "no task was run: the load ended before any began"


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def _back(seconds: list[float], *, of: int, lost: int) -> dict[str, float]:
    """After an outage: how many workers came back and stayed, of how many there were, and after how many seconds; how many
    were lost, as their clients gave up.
    """
    if not of:
        return {}
    ordered = sorted(seconds)
    times = (
        {"first": ordered[0], "median": ordered[len(ordered) // 2], "last": ordered[-1]} if ordered else {}
    )
    return {"workers": len(ordered), "of": of, "lost": lost, **times}
