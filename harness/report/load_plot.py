"""Calls a second and their latency over the time of a run, with the faults: needs matplotlib, the extra `report`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from harness.model.history import History


@dataclass(frozen=True, kw_only=True)
class Second:
    """The calls that began in one second of a run: how many, of how many no reply came, and milliseconds."""

    calls: int
    lost: int
    p50: float
    p99: float


@dataclass(frozen=True, kw_only=True)
class Span:
    """A fault, and from when to when it was there, in seconds."""

    text: str
    begin: float
    end: float


def by_second(history: History) -> dict[int, Second]:
    """The clients' calls by the second in which they began. One without a reply has no latency."""
    began: defaultdict[int, list[float | None]] = defaultdict(list)
    for invoke, reply in history.pairs(witness="client"):
        answered = reply is not None and reply.type != "info"
        began[invoke.t // 10**9].append((reply.t - invoke.t) / 1e6 if reply and answered else None)
    return {second: _second(taken) for second, taken in sorted(began.items())}


def _second(taken: Sequence[float | None]) -> Second:
    answered = sorted(each for each in taken if each is not None)
    p50, p99 = (
        (answered[min(len(answered) - 1, int(part * len(answered)))] if answered else 0.0)
        for part in (0.5, 0.99)
    )
    return Second(calls=len(taken), lost=len(taken) - len(answered), p50=p50, p99=p99)


def spans(history: History) -> list[Span]:
    """The faults in the order in which they began; one that never ended was there until the last event."""
    begun: dict[int, tuple[str, float]] = {}
    ended: dict[int, float] = {}
    last = 0.0
    for event in history:
        last = event.t / 1e9
        if event.f == "fault.begin":
            begun[event.value["fault"]] = (event.value["text"], last)
        elif event.f == "fault.end":
            ended[event.value["fault"]] = last
    return [Span(text=text, begin=at, end=ended.get(fault, last)) for fault, (text, at) in begun.items()]


def plot(history: History, file: Path, *, title: str) -> None:
    """Draw it; the ending of the file says how (.svg, .png)."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    seconds = by_second(history)
    times = list(seconds)
    above.plot(times, [each.p99 for each in seconds.values()], color="tab:blue", label="p99")
    above.plot(times, [each.p50 for each in seconds.values()], color="tab:cyan", label="p50")
    above.set(yscale="log", ylabel="latency of calls, ms", title=title)
    below.plot(times, [each.calls for each in seconds.values()], color="tab:blue", label="calls begun")
    below.plot(
        times, [each.lost for each in seconds.values()], color="tab:red", label="of them without a reply"
    )
    below.set(xlabel="seconds", ylabel="calls a second")
    _mark(spans(history), (above, below))
    for axes in (above, below):
        axes.legend(loc="best", fontsize="small")
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(file)


def _mark(faults: Sequence[Span], all_axes: tuple[object, ...]) -> None:
    for number, fault in enumerate(faults):
        for axes in all_axes:
            axes.axvspan(  # type: ignore[attr-defined]
                fault.begin, fault.end, color=f"C{number % 10}", alpha=0.15, label=fault.text
            )
