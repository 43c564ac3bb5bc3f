"""Laws of what judges and what tells: no history makes them crash, and the unrelated changes nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.invariants import judge
from harness.model.faults import Kill, Partition
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.model.verdict import Verdict
from harness.report.story import tell
from harness.report.summary import summarise
from harness.report.timeline import WIDTH
from harness.units import NANOSECONDS, minutes, seconds

PLAN: Plan = make_plan(
    Scenario(
        fleet=Fleet(count=2, slots=1, kind=Workers.SCRIPTED),
        tasks=Tasks(count=3),
        faults=(
            Partition(a="worker-1", b="api", at=seconds(1), lasting=minutes(1)),
            Kill(target="worker-2", at=seconds(9), lasting=seconds(9)),
        ),
    ),
    1,
    name="law",
)

TASKS = st.sampled_from([task.key for task in PLAN.submissions] + ["other/task/run"])
STATES = st.sampled_from(
    [None, "queued", "restarting", "running", "success", "failed", "up_for_retry", "unknown", "nonsense"]
)
HOSTS = st.sampled_from(["worker-1", "worker-2", "worker-9"])
CALLS = st.integers(1, 6)
TIS = st.sampled_from(["ti-1", "ti-2", "ti-3"])
COMPLETIONS = st.sampled_from(["ok", "fail", "info"])

Fact = tuple[str, str, str, str, dict[str, Any]]


@st.composite
def _bodies(draw: st.DrawFn) -> Fact:
    value = {
        "call": draw(CALLS),
        "task": draw(TASKS),
        "ti": draw(TIS),
        "try": draw(st.integers(1, 3)),
        "slots": 1,
    }
    return "body", draw(HOSTS), draw(COMPLETIONS | st.just("invoke")), "body", value


@st.composite
def _calls(draw: st.DrawFn) -> Fact:
    f = draw(st.sampled_from(["ti.state", "jobs.fetch", "worker.set_state", "logs.push"]))
    value = {"call": draw(CALLS), "ti": draw(TIS), "state": draw(STATES), "job": draw(st.none() | TASKS)}
    return "client", draw(HOSTS), draw(COMPLETIONS | st.just("invoke")), f, value


@st.composite
def _changes(draw: st.DrawFn) -> Fact:
    dag, task, run = draw(TASKS).split("/")
    value: dict[str, Any] = {
        "key": draw(TIS),
        "old": draw(STATES),
        "new": draw(STATES),
        "cause": "a cause",
        "new_id": draw(TIS),
    }
    value |= {"dag_id": dag, "task_id": task, "run_id": run, "try_number": 1, "map_index": -1}
    table = draw(st.sampled_from(["task_instance", "edge_job", "edge_worker", "xcom"]))
    return "server", draw(st.sampled_from(["api", "scheduler"])), "ok", table, value


@st.composite
def _world(draw: st.DrawFn) -> Fact:
    value = {
        "act": draw(st.sampled_from(["storm", "calm", "end"])),
        "reason": "tired",
        "what": "loop",
        "error": "E",
    }
    f = draw(st.sampled_from(["act", "worker.start", "worker.exit", "worker.background"]))
    return "world", draw(HOSTS), draw(st.sampled_from(["info", "fail"])), f, value


@st.composite
def _nemesis(draw: st.DrawFn) -> Fact:
    value = {"fault": draw(st.integers(0, 2)), "name": "Partition", "text": "Partition x", "strikes": 1}
    value["victim"] = draw(HOSTS)
    return (
        "nemesis",
        "nemesis",
        "info",
        draw(st.sampled_from(["fault.begin", "fault.strike", "fault.end"])),
        value,
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Well-typed events in any order, whether they make sense together or not."""
    facts = draw(st.lists(_bodies() | _calls() | _changes() | _world() | _nemesis(), max_size=40))
    history, t = History(), 0
    for witness, process, type_, f, value in facts:
        t += draw(st.sampled_from([0, 1, NANOSECONDS, 60 * NANOSECONDS]))
        history.append(t=t, witness=witness, process=process, type=type_, f=f, value=value)
    return history


@given(histories())
def test_no_history_makes_a_check_crash(history: History) -> None:
    verdict = judge(history, PLAN)
    assert verdict.crashed == ()
    assert all(n in range(len(history)) for found in verdict.counterexamples for n in found.events)
    assert all("\n" not in found.summary for found in verdict.counterexamples)


@given(histories())
def test_judging_twice_says_the_same(history: History) -> None:
    assert judge(history, PLAN) == judge(history, PLAN)


@given(histories(), st.data())
def test_an_event_that_no_promise_is_about_changes_nothing(history: History, data: st.DataObject) -> None:
    where = data.draw(st.integers(0, len(history)))
    more = History()
    for n, event in enumerate(history):
        if n == where:
            more.append(t=event.t, witness="server", process="api", type="ok", f="log", value={"key": "k"})
        more.append(
            t=event.t,
            witness=event.witness,
            process=event.process,
            type=event.type,
            f=event.f,
            value=event.value,
        )

    def summaries(verdict: Verdict) -> list[tuple[str, str]]:
        return [(found.invariant, found.summary) for found in verdict.counterexamples]

    assert summaries(judge(more, PLAN)) == summaries(judge(history, PLAN))


@given(histories())
def test_every_history_can_be_told_on_one_screen(history: History) -> None:
    story = tell(PLAN, history, judge(history, PLAN), replay="harness replay it")
    lines = story.splitlines()
    assert lines[-1] == "harness replay it"
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= 60


@given(histories())
def test_every_history_has_a_summary_in_json(history: History) -> None:
    summary = summarise(PLAN, history, judge(history, PLAN), replay="harness replay it")
    assert json.loads(json.dumps(summary)) == summary
