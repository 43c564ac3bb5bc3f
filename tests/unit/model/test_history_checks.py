"""A history that no run of its plan can have written is told by what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.model.faults import Partition
from harness.model.history import History
from harness.model.history_checks import wrong_history
from harness.model.plan import Plan, Submission
from harness.units import minutes, seconds

Past = Callable[[str], History]
Of = Callable[[Plan, History], History]
Wrong = Callable[..., list[str]]

EVENTS = """
0s world driver info act act=storm
0s world worker-1 info worker.start kind=edge slots=2
1s world driver info task.submit task=storm/task-1/run-1 ti=ti-1
1s server scheduler ok task_instance key=ti-1 old=null new=queued cause=submit dag_id=storm task_id=task-1 run_id=run-1
2s client worker-1 invoke jobs.fetch call=1
2s client worker-1 ok jobs.fetch call=1 status=200
3s body worker-1 invoke body call=2 task=storm/task-1/run-1 ti=ti-1 try=1 slots=1
33s body worker-1 ok body call=2 task=storm/task-1/run-1 ti=ti-1 try=1
60s nemesis nemesis info fault.begin fault=0 name=Partition text=Partition
180s nemesis nemesis info fault.end fault=0 name=Partition strikes=37
300s world driver info act act=calm
1500s world driver info act act=end
"""


@pytest.fixture
def wrong(past: Past, of: Of, planned: Callable[..., Plan], task: Callable[..., Submission]) -> Wrong:
    """What is wrong with the history, one text of it exchanged, or with its header."""
    plan = planned(
        task("task-1"), faults=(Partition(a="worker-1", b="api", at=seconds(60), lasting=minutes(2)),)
    )

    def complaints(old: str = "", new: str = "", plan: Plan = plan, **header: Any) -> list[str]:
        assert old in EVENTS
        history = of(plan, past(EVENTS.replace(old, new) if old else EVENTS))
        history.header |= header
        return list(wrong_history(history, plan))

    return complaints


def test_the_history_of_a_run_is_one_of_its_plan(wrong: Wrong) -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ({"seed": 99}, "its header has seed=99 and the plan 7"),
        ({"seed": True}, "its header has seed=True and the plan 7"),
        ({"scenario": "quiet"}, "its header has scenario='quiet' and the plan 'cut-off-worker'"),
        ({"world": 5}, "its header has world=5, which is none of sim, live"),
        ({"world": None}, "its header has world=None, which is none of sim, live"),
    ],
)
def test_its_header_says_what_its_plan_does(wrong: Wrong, header: dict[str, Any], complaint: str) -> None:
    assert wrong(**header) == [complaint]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("1500s world driver info act act=end\n", "", "it is truncated: its run does not end"),
        ("act=end", "act=lunch", "it is truncated: its run does not end"),
        ("act=calm", "act=lunch", "its acts are ['storm', 'lunch', 'end'], not storm, calm, end"),
        ("act=storm", "act=calm", "its acts are ['calm', 'calm', 'end'], not storm, calm, end"),
        ("300s", "200s", "its act calm is at 3m20s, and the plan's at 5m"),
        ("300s", "302s", "its act calm is at 5m2s, and the plan's at 5m"),
        ("1500s", "1502s", "its act end is at 25m2s, and the plan's at 25m"),
        ("33s body worker-1", "33s body ghost", "event 7 is of 'ghost', of whom the plan has no body event"),
        ("2s client worker-1 ok", "2s client api ok", "event 5 is of 'api', of whom the plan has no client event"),
        ("server scheduler", "server worker-1", "event 3 is of 'worker-1', of whom the plan has no server event"),
        ("0s world driver", "0s world worker-1", "event 0 is of 'worker-1', of whom the plan has no world event"),
        ("slots=1", "slots=3", "event 6 is a body of 3 slots, and storm/task-1/run-1 has 1"),
        ("call=2 task=storm/task-1/run-1 ti=ti-1 try=1 slots", "call=2 task=a/b/c ti=ti-1 try=1 slots",
         "event 6 is a body of 'a/b/c', which is not planned"),
        ("submit task=storm/task-1", "submit task=storm/task-2", "'storm/task-2/run-1' was submitted and is not planned"),
        ("begin fault=0", "begin fault=-1", "event 8 is of fault -1, which is not planned"),
        ("end fault=0", "end fault=1", "event 9 is of fault 1, which is not planned"),
    ],
)  # fmt: skip
def test_what_its_plan_does_not_allow_is_told(wrong: Wrong, old: str, new: str, complaint: str) -> None:
    assert wrong(old, new)[:1] == [complaint]


def test_all_at_once_at_the_start_is_no_run(wrong: Wrong, past: Past) -> None:
    assert wrong("300s", "0s") == ["its act calm is at 0s, and the plan's at 5m"]


def test_a_task_that_was_never_submitted_or_twice_is_told(wrong: Wrong) -> None:
    line = EVENTS.splitlines()[3]
    assert wrong(line, "") == ["'storm/task-1/run-1' was never submitted"]
    assert wrong(line, f"{line}\n{line}") == ["'storm/task-1/run-1' was submitted twice"]


def test_a_live_run_may_be_late_and_its_server_may_be_a_released_one(wrong: Wrong) -> None:
    assert wrong("300s", "310s", world="live") == []
    assert wrong("1500s", "1540s", world="live") == []
    assert wrong("server scheduler", "server airflow", world="live") == []
    assert wrong("300s", "250s", world="live") == ["its act calm is at 4m10s, and the plan's at 5m"]


def test_each_worker_of_a_plan_may_have_a_name_of_its_own(wrong: Wrong, planned: Callable[..., Plan]) -> None:
    plan = planned()
    mine = replace(plan, workers=(replace(plan.workers[0], name="mine"),))
    assert "event 1 is of 'worker-1', of whom the plan has no world event" in wrong(plan=mine)
