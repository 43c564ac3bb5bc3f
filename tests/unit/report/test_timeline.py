from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.model.faults import Partition
from harness.model.history import History
from harness.model.plan import Plan, Submission
from harness.model.verdict import Counterexample, Kind, Verdict
from harness.report.timeline import timeline
from harness.units import seconds

Past = Callable[[str], History]
Planned = Callable[..., Plan]
Tasked = Callable[..., Submission]
Told = Callable[..., list[str]]
NOTHING_WRONG = Verdict()


def cut(worker: str) -> Partition:
    return Partition(a=worker, b="api", at=seconds(1), lasting=seconds(60))


@pytest.fixture
def told(past: Past, planned: Planned):
    def lines(text: str, *tasks, most=20, verdict=NOTHING_WRONG, faults=()):
        plan = planned(*tasks, faults=faults)
        return [" ".join(line.split()) for line in timeline(past(text), plan, verdict, most=most)]

    return lines


def test_three_hundred_identical_failures_are_one_line_with_a_count(told: Told) -> None:
    text = "\n".join(
        f"{n}s client worker-1 info ti.heartbeat call={n} reason='reset by peer'" for n in range(300)
    )
    assert told(text) == ["0s worker-1 300 calls failed until 4m59s: ti.heartbeat (reset by peer)"]


def test_failures_far_apart_are_lines_of_their_own_while_there_is_room(told: Told) -> None:
    text = "0s client worker-1 info jobs.fetch call=1 reason=lost\n10m client worker-1 info jobs.fetch call=2 reason=lost"
    assert told(text) == [
        "0s worker-1 call failed: jobs.fetch (lost)",
        "10m worker-1 call failed: jobs.fetch (lost)",
    ]
    assert told(text, most=1) == ["0s worker-1 2 calls failed until 10m: jobs.fetch (lost)"]


def test_where_room_is_scarce_several_workers_share_a_line(told: Told) -> None:
    text = "\n".join(f"{n}s client worker-{n} info jobs.fetch call={n} reason=lost" for n in range(1, 9))
    assert told(text, most=3) == ["1s 8 workers 8 calls failed until 8s: jobs.fetch (lost)"]


MUCH = [f"{n}s server scheduler ok task_instance key={n} old=a new=failed cause=c{n}" for n in range(1, 31)]


def test_what_does_not_fit_even_so_is_left_out_of_the_middle_and_counted(told: Told) -> None:
    lines = told("\n".join(MUCH), most=10)
    assert " ".join(line.split()[0] for line in lines) == "1s 2s 3s 4s 5s … 27s 28s 29s 30s"
    assert lines[5] == "… and 21 lines more: the history has them all"


LANDMARKS = """
0s world driver info act act=storm
2.5s nemesis nemesis info fault.begin fault=0 name=Kill text='Kill worker-1'
3.5s world worker-1 info worker.exit reason=killed
20.5s nemesis nemesis info fault.end fault=0 name=Kill strikes=1
40s world driver info act act=calm
50s world driver info act act=end
"""


def test_landmarks_are_told_however_little_room_there_is(told: Told) -> None:
    text = "\n".join(
        sorted([*MUCH, *LANDMARKS.split("\n")[1:-1]], key=lambda line: float(line.split("s")[0]))
    )
    landmarks = [
        "0s driver the storm begins",
        "2.5s nemesis Kill begins: worker-1",
        "3.5s worker-1 exited: killed",
        "20.5s nemesis Kill is over: 1 strike",
        "40s driver calm: every fault is healed",
        "50s driver the run ends",
    ]
    for most in (20, 10, 7, 3):
        lines = told(text, most=most)
        assert [line for line in lines if line in landmarks] == landmarks
        assert len(lines) == max(most, len(landmarks) + 1)


def test_where_safety_broke_and_what_shows_it_is_told_however_little_room_there_is(told: Told) -> None:
    found = Counterexample(invariant="no_x", kind=Kind.SAFETY, summary="it broke", events=(3, 14))
    lines = told("\n".join(MUCH), most=5, verdict=Verdict(counterexamples=(found,), checked=("no_x",)))
    assert [line for line in lines if line.startswith(("4s", "15s"))] == [
        "4s scheduler a → failed (c4): None/None/None",
        "15s scheduler a → failed (c15): None/None/None",
        "15s scheduler ✗ no_x",
    ]


def test_faults_that_overlap_are_told_apart_and_several_are_spoken_of_as_several(told: Told) -> None:
    faults = (cut("worker-1"), cut("worker-2"))
    text = """
    1s nemesis nemesis info fault.begin fault=0 name=Partition text='Partition worker-1 ↔ api for 1m'
    2s nemesis nemesis info fault.begin fault=1 name=Partition text='Partition worker-2 ↔ api for 2m'
    61s nemesis nemesis info fault.end fault=0 name=Partition strikes=7
    122s nemesis nemesis info fault.end fault=1 name=Partition strikes=1
    """
    assert told(text, faults=faults) == [
        "1s nemesis 2 × Partition begin until 2s: worker-1 ↔ api for 1m; worker-2 ↔ api for 2m",
        "1m1s nemesis Partition is over: worker-1 ↔ api for 1m: 7 strikes",
        "2m2s nemesis Partition is over: worker-2 ↔ api for 2m: 1 strike",
    ]
    assert told(text, faults=faults, most=2)[1] == (
        "1m1s nemesis 2 × Partition are over until 2m2s: worker-1 ↔ api for 1m: 7 strikes;"
        " worker-2 ↔ api for 2m: 1 strike"
    )


def test_many_faults_leave_room_for_what_came_of_them(told: Told) -> None:
    kinds = ("Partition", "Latency", "Kill")
    lines = [f"1s world driver info task.submit task=storm/x{n}/run-1 ti={n}" for n in range(3)]
    for n, kind in enumerate(kinds * 4):
        value = f"fault={n} name={kind}"
        lines += [
            f"{10 + 40 * n}s nemesis nemesis info fault.begin {value} text='{kind} worker-{n}'",
            f"{11 + 40 * n}s nemesis nemesis info fault.strike {value} victim=worker-{n} what=hit",
            f"{12 + 40 * n}s server scheduler ok task_instance key=x old=running new=up_for_retry cause=c{n % 2}",
            f"{13 + 40 * n}s nemesis nemesis info fault.end {value} strikes=1",
        ]
    many = tuple(cut(f"worker-{n}") for n in range(12))
    every = "Partition ×4, Latency ×4, Kill ×4"
    assert told("\n".join(lines), faults=many, most=10)[:6] == [
        "1s driver 3 tasks submitted: storm/x0/run-1; storm/x1/run-1; storm/x2/run-1",
        f"10s nemesis 12 faults begin until 7m30s: {every}",
        f"11s nemesis 12 faults first strike until 7m31s: {every}",
        "12s scheduler 6 × running → up_for_retry (c0) until 6m52s: None/None/None",
        f"13s nemesis 12 faults are over until 7m33s: {every}",
        "52s scheduler 6 × running → up_for_retry (c1) until 7m32s: None/None/None",
    ]


def test_refusals_are_told_apart_from_losses(told: Told) -> None:
    assert told(
        """
        1s client worker-1 fail ti.run call=1 status=409
        2s client worker-1 info ti.run call=2 status=503
        """
    ) == ["1s worker-1 call refused: ti.run (409)", "2s worker-1 call failed: ti.run (503)"]


def test_a_worker_that_was_silent_for_long_is_heard_again(told: Told) -> None:
    assert told(
        """
        1s client worker-1 info jobs.fetch call=1 reason=lost
        15s client worker-1 invoke jobs.fetch call=2
        15s client worker-1 ok jobs.fetch call=2 status=200
        """
    ) == ["1s worker-1 call failed: jobs.fetch (lost)", "15s worker-1 is heard again: jobs.fetch"]


def test_a_short_hiccup_needs_no_line_for_its_end(told: Told) -> None:
    assert told(
        """
        1s client worker-1 info jobs.fetch call=1 reason=lost
        2s client worker-1 ok jobs.fetch call=2 status=200
        """
    ) == ["1s worker-1 call failed: jobs.fetch (lost)"]


def test_a_call_that_took_long_is_told_with_how_long(told: Told) -> None:
    assert told(
        """
        1s client worker-1 invoke ti.heartbeat call=1
        32s client worker-1 ok ti.heartbeat call=1 status=204
        """
    ) == ["32s worker-1 call took long: ti.heartbeat 31s"]


def test_a_job_taken_back_and_a_worker_given_up_are_the_schedulers_doing(told: Told) -> None:
    assert told(
        """
        1s server scheduler ok edge_job key=j old=running new=failed cause='worker died' dag_id=a task_id=b run_id=c
        2s server scheduler ok edge_worker key=worker-1 old=running new=unknown cause='heartbeat timeout'
        3s server api ok edge_worker key=worker-1 old=unknown new=idle cause='PATCH worker'
        """
    ) == [
        "1s scheduler job running → failed (worker died): a/b/c",
        "2s scheduler worker running → unknown (heartbeat timeout): worker-1",
    ]


def test_a_task_is_named_in_full_where_dags_differ(told: Told, task: Tasked) -> None:
    text = "1s world driver info task.submit task=storm/x/run-1 ti=1"
    assert told(text, task("x")) == ["1s driver task submitted: x"]
    assert told(text) == ["1s driver task submitted: storm/x/run-1"]


def test_background_tasks_that_die_and_bodies_that_fail_by_plan_are_told(told: Told) -> None:
    assert told(
        """
        1s world worker-1 fail worker.background what=heartbeat error='OSError: gone'
        2s body worker-1 fail body call=1 task=a/b/c
        """
    ) == [
        "1s worker-1 background task died: heartbeat (OSError: gone)",
        "2s worker-1 task failed as planned: a/b/c",
    ]


def test_a_task_that_ran_well_and_runs_again_is_told_apart_from_one_that_was_cut_short(told: Told) -> None:
    assert told(
        """
        1s body worker-1 invoke body call=1 task=a/b/c try=1
        2s body worker-1 ok body call=1 task=a/b/c try=1
        3s body worker-2 invoke body call=2 task=a/b/c try=2
        4s body worker-1 invoke body call=3 task=a/x/c try=1
        5s body worker-1 info body call=3 task=a/x/c try=1
        6s body worker-1 invoke body call=4 task=a/x/c try=2
        """
    ) == [
        "3s worker-2 task had ended well and began again: a/b/c (try 2, before on worker-1)",
        "5s worker-1 task killed: a/x/c",
        "6s worker-1 task began again: a/x/c (try 2)",
    ]


def test_a_long_line_takes_a_second_one_while_there_is_room(past: Past, planned: Planned) -> None:
    history = past(f"1s world worker-1 fail worker.exit reason='{'a long reason ' * 8}'")
    assert timeline(history, planned(), NOTHING_WRONG, most=2) == [
        "       1s  worker-1    exited: a long reason a long reason a long reason a long reason a long reason",
        "                         a long reason a long reason a long reason",
    ]
    assert len(timeline(history, planned(), NOTHING_WRONG, most=1)) == 1
