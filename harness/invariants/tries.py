"""Tries are counted: no try runs under the number of another, and none beyond a task's retries."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies, task_of
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan

_ANEW = ("adopt or reset", "clear")
"""What gives a task more tries than it had: a scheduler that lost it, or a user."""


@safety
def tries_are_counted(history: History, plan: Plan) -> Iterator[Finding]:
    """The tries of a task that run have numbers that rise, up to its retries and one more."""
    most = {task.key: task.retries + 1 for task in plan.submissions}
    anew = {
        task_of(event)
        for event in history.where(witness="server", f="task_instance")
        if event.value.get("cause") in _ANEW
    }
    last: dict[str, Body] = {}
    for body in bodies(history):
        before, last[body.task] = last.get(body.task), body
        if before and before.ti != body.ti and body.attempt <= before.attempt:
            yield Finding(
                f"{body.task} ran as try {body.attempt} at {moment(body.begins)} on {body.worker},"
                f" and try {before.attempt} had begun at {moment(before.begins)} on {before.worker}",
                (before.begin.n, body.begin.n),
            )
        if body.attempt > most.get(body.task, body.attempt) and body.task not in anew:
            yield Finding(
                f"{body.task} ran as try {body.attempt} at {moment(body.begins)} and has {most[body.task]}",
                (body.begin.n,),
            )
