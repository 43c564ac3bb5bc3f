from collections.abc import Callable

from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan
from harness.report.numbers import Numbers, count
from harness.report.summary import summarise

Past = Callable[[str], History]
Planned = Callable[..., Plan]


def test_the_summary_has_what_a_machine_asks_for(cut_off: History, cut_off_plan: Plan) -> None:
    verdict = judge(cut_off, cut_off_plan)
    summary = summarise(cut_off_plan, cut_off, verdict, replay="harness replay p", wall_seconds=1.5)
    assert summary == {
        "scenario": "cut-off-worker",
        "seed": 7,
        "world": "sim",
        "deterministic": True,
        "verdict": "invalid",
        "exit_code": 2,
        "digest": cut_off.digest(),
        "simulated_seconds": 1500.0,
        "wall_seconds": 1.5,
        "api_calls": 6,
        "counterexamples": [
            {
                "invariant": "every_worker_rejoins",
                "summary": "worker-1 was not heard of after 23m: it exited at 1m16s"
                " (ServerTimeoutError: no answer); its own last heartbeat or fetch that went well was jobs.fetch at 2s",
                "events": [6, 17],
            }
        ],
        "crashed": [],
        "unjudged": [],
        "replay": "harness replay p",
    }


def test_the_numbers_are_counted_from_the_history(cut_off: History, cut_off_plan: Plan) -> None:
    assert count(cut_off, cut_off_plan) == Numbers(
        tasks=1,
        succeeded=1,
        failed=0,
        retried=1,
        bodies=2,
        bodies_well=1,
        bodies_failed=0,
        watched=True,
        calls=6,
        lost=1,
        refused=0,
        unconnected=1,
        simulated=1_500_000_000_000,
    )


def test_nothing_happened_in_an_empty_history(past: Past, planned: Planned) -> None:
    assert count(past(""), planned()).simulated == 0
