"""Calls and latencies over the time of a run, and the faults in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.history import History
from harness.report.load_plot import Second, Span, by_second, plot, spans

MS, S = 10**6, 10**9


@pytest.fixture
def history() -> History:
    """Four calls, of which one is lost, and a fault that goes and one that stays."""
    seen = History()

    def call(number: int, begin: int, end: int, kind: str) -> None:
        for t, told in ((begin, "invoke"), (end, kind)):
            seen.append(
                t=t, witness="client", process="worker-1", type=told, f="ti.heartbeat", value={"call": number}
            )

    def fault(number: int, t: int, what: str) -> None:
        value = {"fault": number, "text": f"fault {number}"}
        seen.append(t=t, witness="nemesis", process="nemesis", type="info", f=f"fault.{what}", value=value)

    call(1, 100 * MS, 110 * MS, "ok")
    call(2, 200 * MS, 230 * MS, "fail")
    fault(0, 1 * S, "begin")
    call(3, 1 * S, 6 * S, "info")
    call(4, 1 * S + 5 * MS, 3 * S, "ok")
    fault(1, 4 * S, "begin")
    fault(0, 5 * S, "end")
    seen.append(t=7 * S, witness="world", process="driver", type="info", f="act", value={"act": "end"})
    return seen


def test_a_call_counts_where_it_began_and_one_without_a_reply_has_no_latency(history: History) -> None:
    assert by_second(history) == {
        0: Second(calls=2, lost=0, p50=30, p99=30),
        1: Second(calls=2, lost=1, p50=1995, p99=1995),
    }


def test_a_fault_that_never_ended_was_there_until_the_end(history: History) -> None:
    assert spans(history) == [
        Span(text="fault 0", begin=1, end=5),
        Span(text="fault 1", begin=4, end=7),
    ]


def test_the_faults_are_marked_in_the_plot(history: History, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
    plot(history, tmp_path / "load.svg", title="two faults")
    assert (tmp_path / "load.svg").read_text().startswith("<?xml")
