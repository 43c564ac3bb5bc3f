"""Latency and throughput against load, with the knee: needs matplotlib, the extra `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from harness.capacity.measuring import Capacity
from harness.capacity.step import Answer
from harness.capacity.telling import UNITS

_COLOURS = {Answer.KEPT: "tab:green", Answer.MISSED: "tab:red", Answer.UNKNOWN: "tab:gray"}


def plot(capacity: Capacity, file: Path) -> None:
    """Draw it; the ending of the file says how (.svg, .png)."""
    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    steps = sorted(capacity.series.steps, key=lambda each: each.amount)
    amounts = [step.amount for step in steps]
    above.plot(amounts, [step.p99 * 1000 for step in steps], color="tab:blue", label="p99, worst operation")
    p50 = [max((each.p50 for each in step.latencies.values()), default=0) * 1000 for step in steps]
    above.plot(amounts, p50, color="tab:cyan", label="p50, worst operation")
    above.axhline(capacity.levels.p99 * 1000, color="tab:red", linestyle=":", label="allowed")
    above.set(yscale="log", ylabel="latency, ms", title=f"Capacity of {capacity.target}")
    below.plot(amounts, [step.rate for step in steps], color="tab:blue", label="calls a second")
    below.set(xlabel=UNITS[capacity.series.setting.load], ylabel="calls a second")
    for answer, colour in _COLOURS.items():
        told = [step for step in steps if step.answer is answer]
        places = [step.amount for step in told]
        above.scatter(places, [step.p99 * 1000 for step in told], color=colour, zorder=3)
        below.scatter(places, [step.rate for step in told], color=colour, zorder=3, label=f"{answer}")
    _mark_knee(capacity, (above, below))
    for axes in (above, below):
        axes.legend(loc="best", fontsize="small")
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(file)


def _mark_knee(capacity: Capacity, all_axes: tuple[Any, ...]) -> None:
    knee = capacity.series.knee.amount
    if knee is None:
        return
    for axes in all_axes:
        axes.axvline(knee, color="black", linestyle="--", label=f"knee: {knee:g}")
