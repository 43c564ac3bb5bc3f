"""The outcome of a load test, for people."""

from __future__ import annotations

from typing import Any

_HEAD = ("", "calls", "failed", "p50", "p90", "p99", "p99.9", "max ms")


def tell(summary: dict[str, Any]) -> str:
    """A table of latencies, what became of the work, and the answer."""
    return "\n".join(["", *_table(summary), "", *_work(summary), *_generator(summary), *_answer(summary), ""])


def _table(summary: dict[str, Any]) -> list[str]:
    rows = [_HEAD]
    for op, figures in summary["latencies_ms"].items():
        shown = figures["count"] > 0  # none of its calls came after the warm-up
        times = [f"{figures[name]:.1f}" if shown else "-" for name in ("p50", "p90", "p99", "p99.9", "max")]
        rows.append((op, str(summary["counts"].get(op, 0)), str(summary["failures"].get(op, 0)), *times))
    width = max(len(row[0]) for row in rows)
    return ["Latency from when a call should have begun", *(_row(row, width) for row in rows)]


def _row(row: tuple[str, ...], width: int) -> str:
    return f"  {row[0]:<{width}}" + "".join(f" {each:>9}" for each in row[1:])


def _work(summary: dict[str, Any]) -> list[str]:
    counts, operations = summary["counts"], summary["latencies_ms"]
    told = {what: times for what, times in counts.items() if what not in operations}
    lines = [f"  {what}: {times}{_because(summary, what)}" for what, times in told.items()]
    if summary["cut_off"]:
        lines.append(f"  calls that were not sent during the outage: {summary['cut_off']}")
    if summary["tokens_refreshed"]:
        lines.append(f"  tokens renewed: {summary['tokens_refreshed']}")
    if arrivals := summary["arrivals"]:
        lines.append(f"  arrivals: {arrivals['made']}, of which {arrivals['dropped']} dropped")
    if back := summary["back"]:
        lines.append(f"  after the outage {back['workers']} of {back['of']} workers came back{_when(back)}")
        lines += [f"    {times} {what}" for what, times in _not_back(back).items() if times]
    for promise, times in summary["promises"]["tested"].items():
        lines.append(
            f"  {promise}: tested {times} times, broken {summary['promises']['broken'].get(promise, 0)}"
        )
        lines += [f"    {how}" for how in summary["examples"].get(promise, ())]
    return ["Work", *lines] if lines else []


def _when(back: dict[str, float]) -> str:
    if "first" not in back:
        return ""
    return (
        f": the first after {back['first']:.1f} s, half of them within {back['median']:.1f} s,"
        f" the last after {back['last']:.1f} s"
    )


def _not_back(back: dict[str, float]) -> dict[str, float]:
    silent = back["of"] - back["workers"] - back["lost"]
    return {"ended: their clients gave up": back["lost"], "were not heard of by the end": silent}


def _because(summary: dict[str, Any], what: str) -> str:
    why = summary["reasons"].get(what)
    return f" (for one: {why[:160]})" if why else ""


def _generator(summary: dict[str, Any]) -> list[str]:
    return [
        f"Generator: {each['cpu_cores_mean']:.2f} cores on average, {each['cpu_cores_max']:.2f} at most,"
        f" lag up to {each['lag_ms_max']:.0f} ms, {each['cpu_seconds']:.1f} s of CPU,"
        f" {each['calls_per_cpu_second']:.0f} calls for each;"
        f" the machine was {each['machine_mean']:.0%} busy"
        for each in summary["generator"]
    ]


def _answer(summary: dict[str, Any]) -> list[str]:
    words = [f"Answer: {summary['answer']}, exit code {summary['exit_code']}"]
    return words + [f"  {why}" for why in summary["why"]]
