"""Refusals have their reason: no token is refused that should be good, and who is withdrawn is told so."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.explaining import explained
from harness.invariants.registry import Finding, safety
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan

_NO_TOKEN = (401, 403)
_UNKNOWN = 404


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


@safety
def withdrawals_are_told(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """A heartbeat of a try that the server had is refused because it is withdrawn (409, 410), not because it is unknown."""
    known = {str(event.value.get("key")) for event in history.where(witness="server", f="task_instance")}
    for asked, answer in history.pairs(witness="client"):
        if asked.f != "ti.heartbeat" or answer is None or answer.value.get("status") != _UNKNOWN:
            continue
        if str(asked.value.get("ti")) in known:
            what = f"the heartbeat of a try that it had was answered {_UNKNOWN} at {moment(answer.t)}"
            yield Finding(f"{answer.process}: {what}", (asked.n, answer.n))
