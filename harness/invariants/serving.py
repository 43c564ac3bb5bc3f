"""The server stays up: neither its API nor its scheduler ends by itself."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety
from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan

SERVER_PROCESSES = ("api", "scheduler")


@safety
def the_server_stays_up(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """Whatever workers and tasks ask of it, no process of the server ends by itself."""
    for event in history.where(witness="world", f="worker.exit", type="fail"):
        if event.process in SERVER_PROCESSES:
            error = event.value.get("error") or event.value.get("reason")
            yield Finding(f"the {event.process} ended at {moment(event.t)}: {error}", (event.n,))
