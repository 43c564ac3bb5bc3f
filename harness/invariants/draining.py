"""Drained work is finished: a worker that is told to end when its work is done does that, and takes no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.invariants.explaining import explained
from harness.invariants.registry import Finding, safety
from harness.model.bodies import Body, bodies
from harness.model.faults import Stop
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.units import nanoseconds, seconds

HEEDING = nanoseconds(seconds(60))
"""So long after it was drained a worker may begin what it was being handed just then."""


@safety
def drained_work_is_finished(history: History, plan: Plan) -> Iterator[Finding]:
    """A drained worker does not kill what it runs in the time it has, and begins nothing; unless another fault explains it."""
    ran = list(bodies(history))
    for strike in history.where(witness="nemesis", f="fault.strike"):
        index = strike.value.get("fault", -1)
        fault = plan.faults[index] if 0 <= index < len(plan.faults) else None
        if not isinstance(fault, Stop) or not fault.drain:
            continue
        others = replace(plan, faults=tuple(each for each in plan.faults if each is not fault))
        over = history[-1].t + 1 if fault.lasting is None else strike.t + nanoseconds(fault.lasting)
        for body in ran:
            wrong = body.worker == strike.value.get("victim") and _wrong(body, strike.t, over)
            if wrong and not explained(others, body.worker, by=body.ends):
                told = f"{body.worker} was to end when its work was done, at {moment(strike.t)}"
                yield Finding(
                    f"{told}, and {wrong} {body.task} (try {body.attempt})", (strike.n, *body.ordinals)
                )


def _wrong(body: Body, drained: int, over: int) -> str | None:
    """What the worker did wrong with the body between the two times."""
    if drained + HEEDING < body.begins < over:
        return f"began at {moment(body.begins)} with"
    killed = body.end is not None and body.end.type == "info" and drained <= body.ends < over
    return f"killed at {moment(body.ends)}" if killed and body.begins <= drained else None
