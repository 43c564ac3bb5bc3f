"""Tokens hold: nobody is refused for a token of which nothing explains that it is no good."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.explaining import explained
from harness.invariants.registry import Finding, safety
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan

_NO_TOKEN = (401, 403)


@safety
def no_token_is_refused(history: History, plan: Plan) -> Iterator[Finding]:
    """A task that waits in its queue can start, and one that runs can call, for as long as it takes; so can workers."""
    for asked, answer in history.pairs(witness="client"):
        if answer is None or answer.value.get("status") not in _NO_TOKEN:
            continue
        if not explained(plan, answer.process, by=answer.t):
            reason = answer.value.get("reason") or answer.value["status"]
            yield Finding(
                f"{answer.process}: {answer.f} was refused at {moment(answer.t)}: {reason}",
                (asked.n, answer.n),
            )
