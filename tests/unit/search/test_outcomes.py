from __future__ import annotations

import pytest

from harness.errors import BadPlan, SimulationError
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.planning import make_plan
from harness.model.scenario import Scenario, Tasks
from harness.search import State, examine
from harness.search.outcome import normalised


def _plan() -> Plan:
    return make_plan(Scenario(tasks=Tasks(count=1)), 1, name="one")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("storm/task-1/run-1 is left queued since 12m1s", "storm/task-3/run-2 is left queued since 9m"),
        (
            "worker-1 exited at 2m44.4s (403 from http://api:8080/x)",
            "worker-12 exited at 8s (403 from http://b/y)",
        ),
        ("3 tasks, event #12", "4 tasks, event #3403"),
        (
            "it exited at 3m (Refused: http://api:8080/x); its own last heartbeat or fetch that went well was jobs.fetch at 1m",
            "it exited at 9s (Refused: http://api:8080/x); its own last heartbeat or fetch that went well was worker.set_state",
        ),
        (
            "6 slots' worth: storm/task-4/run-1, storm/task-10/run-1",
            "9 slots' worth: storm/task-1/run-1, storm/task-2/run-1, storm/task-3/run-1",
        ),
    ],
)
def test_a_failure_has_one_signature_whoever_and_whenever_it_strikes(one: str, other: str) -> None:
    assert normalised(one) == normalised(other) != one


def test_another_error_is_another_failure() -> None:
    assert normalised("worker-1 exited (TimeoutError)") != normalised("worker-1 exited (ClientOSError)")


def test_a_simulation_that_cannot_go_on_is_an_error_and_ends_no_search() -> None:
    def stuck(plan: Plan) -> History:
        raise SimulationError("nothing can ever happen again after 12s")

    outcome = examine(_plan(), stuck).outcome
    assert outcome.state is State.ERROR
    assert outcome.signature == "SimulationError: nothing can ever happen again after T"


def test_what_every_plan_would_raise_ends_the_search() -> None:
    def refuses(plan: Plan) -> History:
        raise BadPlan("no plan")

    with pytest.raises(BadPlan):
        examine(_plan(), refuses)


def test_a_history_in_which_nothing_happened_shows_nothing() -> None:
    outcome = examine(_plan(), lambda plan: History()).outcome
    assert outcome.state is not State.VALID
    assert outcome.exit_code != 0
