from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan, Submission
from harness.model.verdict import Counterexample, Kind, Verdict
from harness.report.story import tell

Past = Callable[[str], History]
Planned = Callable[..., Plan]

REPLAY = "harness replay runs/cut-off-worker-7/plan.json"

STORY = """\
cut-off-worker · seed 7 · sim · INVALID

Planned  2 released EdgeWorkers × 2 slots on default
         1 task by 1s, of 30s, with 2 retries
         Partition worker-1 ↔ api at 1m for 2m
         storm of up to 5m, then 20m to settle

       0s  driver      the storm begins
       0s  2 workers   2 × started: worker-1; worker-2
       1s  driver      task submitted: task-1
       1m  nemesis     Partition begins: worker-1 ↔ api for 2m
   1m0.2s  nemesis     Partition first strikes: worker-1, bytes held back
    1m10s  worker-1    2 calls failed until 1m11s: jobs.fetch (gave up waiting); connect (timed out)
    1m15s  worker-1    task killed: task-1
    1m16s  worker-1    exited: ServerTimeoutError: no answer
       3m  nemesis     Partition is over: 37 strikes
       5m  driver      calm: every fault is healed
     6m5s  scheduler   running → up_for_retry (heartbeat timeout): task-1
   11m10s  worker-2    task began again: task-1 (try 2, before on worker-1)
   11m40s  api         task succeeded: task-1
      25m  driver      the run ends

Verdict  invalid: 16 of 17 promises kept
         ✗ every_worker_rejoins (liveness)
           worker-1 was not heard of after 23m: it exited at 1m16s (ServerTimeoutError: no answer);
             its own last heartbeat or fetch that went well was jobs.fetch at 2s
             #6 2s worker-1 jobs.fetch ok {"call": 1, "status": 200, "job": "storm/task-1/run-1/1/-…
             #17 1m16s worker-1 worker.exit fail {"reason": "it raised", "error": "ServerTimeoutErr…

Numbers  1 task: 1 succeeded, 0 failed, 0 otherwise; 1 retried; 2 body runs
         6 API calls: 1 lost, 0 refused; 1 connection failed
         25m of the world's time in 1.2 s of wall time
Exit     2 (liveness missed)

harness replay runs/cut-off-worker-7/plan.json
"""


def test_the_story_of_a_cut_off_worker(cut_off: History, cut_off_plan: Plan) -> None:
    verdict = judge(cut_off, cut_off_plan)
    assert tell(cut_off_plan, cut_off, verdict, replay=REPLAY, wall_seconds=1.23) == STORY


def test_a_kept_promise_is_told_in_one_line(past: Past, planned: Planned) -> None:
    history = past("1s client worker-1 ok jobs.fetch call=1\n2s world driver info act act=end")
    plan = planned(workers=1)
    lines = tell(plan, history, judge(history, plan), replay=REPLAY).splitlines()
    assert lines[0] == "cut-off-worker · seed 7 · sim · VALID"
    assert "Verdict  valid: 17 of 17 promises kept" in lines
    assert "Exit     0 (valid)" in lines


def test_where_nobody_saw_the_states_of_tasks_the_ends_of_bodies_are_told(
    past: Past, planned: Planned
) -> None:
    history = past(
        "1s body worker-1 invoke body call=1 task=d/a/r ti=ti-1 try=1 slots=1\n"
        "2s body worker-1 ok body call=1 task=d/a/r ti=ti-1 try=1\n"
        "3s body worker-1 invoke body call=2 task=d/b/r ti=ti-2 try=1 slots=1\n"
        "4s world driver info act act=end"
    )
    task = Submission(at=timedelta(0), dag_id="d", task_id="a", run_id="r", lasting=timedelta(0))
    plan = planned(task, replace(task, task_id="b"), workers=1)
    told = tell(plan, history, judge(history, plan), replay=REPLAY)
    assert "2 tasks, states not seen; 2 body runs: 1 ended well, 0 failed, 1 otherwise" in told


def test_many_broken_promises_are_told_in_few_lines(past: Past, planned: Planned) -> None:
    names = [f"promise_{n}" for n in range(5)]
    found = tuple(
        Counterexample(invariant=name, kind=Kind.SAFETY, summary=f"case {n}", events=(0,))
        for name in names
        for n in range(40)
    )
    verdict = Verdict(counterexamples=found, checked=tuple(names))
    lines = tell(planned(), past("1s world driver info act act=end"), verdict, replay=REPLAY).splitlines()
    assert len(lines) <= 40
    assert [line.strip() for line in lines if "promise_4" in line or "more" in line] == [
        "1s  driver      ✗ promise_4",
        *["and 39 more"] * 4,
        "✗ promise_4 (safety)",
        "and 39 more",
    ]


def test_one_is_told_in_the_singular(past: Past, planned: Planned, task: Callable[..., Submission]) -> None:
    plan = planned(task("task-1", retries=1), workers=1, slots=1)
    lines = tell(plan, past(""), Verdict(), replay=REPLAY).splitlines()
    assert lines[2:4] == [
        "Planned  1 released EdgeWorker × 1 slot on default",
        "         1 task by 1s, of 30s, with 1 retry",
    ]


def test_a_check_that_crashed_is_told_and_the_answer_is_unknown(past: Past, planned: Planned) -> None:
    verdict = Verdict(crashed=("work_was_done: KeyError: 'x'",), checked=("work_was_done",))
    lines = tell(planned(), past("1s world driver info act act=end"), verdict, replay=REPLAY).splitlines()
    assert lines[0].endswith("UNKNOWN")
    assert "         ? work_was_done: KeyError: 'x' (the check itself crashed)" in lines
    assert "Exit     3 (not exercised, or unknown)" in lines


def test_a_history_that_stops_early_is_told_to(past: Past, planned: Planned) -> None:
    story = tell(planned(), past("1s world driver info act act=storm"), Verdict(), replay=REPLAY)
    assert "! the history stops before the end of its run" in story


def test_what_a_terminal_would_obey_is_not_passed_on(past: Past, planned: Planned) -> None:
    history = past("1s world worker-1 fail worker.exit reason='\x1b[31mred\x07'")
    story = tell(planned(), history, Verdict(), replay=REPLAY)
    assert "exited: ·[31mred·" in story


def test_the_replay_command_is_never_cut(past: Past, planned: Planned) -> None:
    replay = "harness replay " + "a/" * 100 + "plan.json"
    assert tell(planned(), past(""), Verdict(), replay=replay).splitlines()[-1] == replay


def test_a_calm_that_lasted_longer_says_by_how_much(past: Past, planned: Planned) -> None:
    plan, acts = planned(), "5m world driver info act act=calm\n25m12s world driver info act act=end"
    told = tell(plan, past(acts), Verdict(counterexamples=(), checked=()), replay=REPLAY, world="live")
    assert "storm of up to 5m, then 20m to settle and 12s more for what was late" in told
