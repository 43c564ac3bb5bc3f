"""The numbers of a run, counted from its History alone."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.bodies import task_of
from harness.model.history import History
from harness.model.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Tasks by how they ended, and calls by what became of them. `simulated` is in nanoseconds.

    `watched` is whether anybody saw the states of tasks; where nobody did, there are the ends of bodies.
    """

    tasks: int
    succeeded: int
    failed: int
    retried: int
    bodies: int
    bodies_well: int
    bodies_failed: int
    watched: bool
    calls: int
    lost: int
    refused: int
    unconnected: int
    simulated: int


def count(history: History, plan: Plan) -> Numbers:
    """Count once through the history."""
    state: dict[str, str | None] = {}
    retried: set[str] = set()
    bodies = dict.fromkeys(("invoke", "ok", "fail", "info"), 0)
    calls = dict.fromkeys(("invoke", "ok", "fail", "info"), 0)
    unconnected = 0
    for event in history:
        if event.witness == "client":
            if event.f == "connect":
                unconnected += 1
            else:
                calls[event.type] += 1
        elif event.witness == "server" and event.f == "task_instance":
            task = task_of(event)
            state[task] = event.value.get("new")
            if state[task] == "up_for_retry":
                retried.add(task)
        elif event.witness == "body" and event.f == "body":
            bodies[event.type] += 1
    return Numbers(
        tasks=len(plan.submissions),
        succeeded=sum(value == "success" for value in state.values()),
        failed=sum(value == "failed" for value in state.values()),
        retried=len(retried),
        bodies=bodies["invoke"],
        bodies_well=bodies["ok"],
        bodies_failed=bodies["fail"],
        watched=bool(state),
        calls=calls["invoke"],
        lost=calls["info"],
        refused=calls["fail"],
        unconnected=unconnected,
        simulated=history[-1].t if len(history) else 0,
    )
