"""Jobs keep to their queues: a task runs where its queue is served, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety
from harness.model.bodies import bodies
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan


@safety
def jobs_keep_to_their_queues(history: History, plan: Plan) -> Iterator[Finding]:
    """Each body runs on a worker that serves the queue of its task."""
    served = {worker.name: worker.queues for worker in plan.workers}
    queues = {task.key: task.queue for task in plan.submissions}
    for body in bodies(history):
        queue, mine = queues.get(body.task), served.get(body.worker)
        if mine and queue is not None and queue not in mine:
            yield Finding(
                f"{body.task}, of queue {queue}, ran at {moment(body.begins)} on {body.worker},"
                f" which serves {', '.join(mine)}",
                body.ordinals,
            )
