"""What is still to come of a run that has not ended yet."""

from __future__ import annotations

from dataclasses import replace

from harness.invariants.judge import judge
from harness.model.bodies import task_of
from harness.model.history import History
from harness.model.lifecycle import TERMINAL
from harness.model.plan import Plan

#: Promises that are kept as soon as jobs and workers are where they have to be in the end.
_IN_THE_END = ("every_job_is_accounted_for", "every_worker_rejoins")


def owing(history: History, plan: Plan) -> bool:
    """Whether a task, a job or a worker has yet to get where the plan's promises say that it is in the end.

    A task that has failed has not, nor has a worker that has ended: nothing more would come.
    """
    named = tuple(name for name in _IN_THE_END if name in plan.invariants)
    ended = _ended(history)
    living = tuple(worker for worker in plan.workers if worker.name not in ended)
    asked = replace(plan, invariants=named, workers=living)
    return _unfinished(history, plan) or bool(judge(history, asked).counterexamples)


def _ended(history: History) -> set[str]:
    last = {
        event.process: event.f
        for event in history.where(
            witness="world", test=lambda event: event.f in ("worker.start", "worker.exit")
        )
    }
    return {name for name, what in last.items() if what == "worker.exit"}


def _unfinished(history: History, plan: Plan) -> bool:
    if "every_task_finishes" not in plan.invariants:
        return False
    last = {
        task_of(event): event.value.get("new") for event in history.where(witness="server", f="task_instance")
    }
    return any(last.get(task.key) not in TERMINAL for task in plan.submissions)
