from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.invariants import owing
from harness.model.history import History
from harness.model.plan import Plan, Submission

Past = Callable[[str], History]
Planned = Callable[..., Plan]
Tasked = Callable[..., Submission]

CALM = "3m world driver info act act=calm"
ENDED = "4m world worker-1 fail worker.exit reason=it_ended_with_code_1"
HEARD = "4m client worker-1 ok worker.set_state call=1\n5m client worker-1 ok jobs.fetch call=2"


def task(state: str) -> str:
    return f"4m server api ok task_instance key=ti-1 new={state} dag_id=storm task_id=a run_id=run-1"


def job(state: str) -> str:
    return (
        f"4m server api ok edge_job key=ti-1 new={state} dag_id=storm task_id=a run_id=run-1 map_index=-1"
        " try_number=1"
    )


@pytest.mark.parametrize(
    ("name", "events", "owed"),
    [
        ("every_task_finishes", (), True),
        ("every_task_finishes", (task("up_for_retry"),), True),
        ("every_task_finishes", (task("success"),), False),
        ("every_task_finishes", (task("failed"),), False),  # wrong, but nothing more comes
        ("every_job_is_accounted_for", (job("running"),), True),
        ("every_job_is_accounted_for", (job("success"),), False),
        ("every_worker_rejoins", (CALM,), True),
        ("every_worker_rejoins", (CALM, HEARD), False),
        ("every_worker_rejoins", (CALM, ENDED), False),  # as wrong, and as final
        ("every_worker_rejoins", (CALM, ENDED, "5m world worker-1 info worker.start kind=edge"), True),
        ("work_was_done", (), False),  # no promise of what is in the end
    ],
)
def test_what_a_promise_says_is_so_in_the_end_is_owed_until_it_is(
    past: Past, planned: Planned, task: Tasked, name: str, events: tuple[str, ...], owed: bool
) -> None:
    plan = planned(task("a"), workers=1, invariants=(name,))
    assert owing(past("\n".join(events)), plan) is owed
