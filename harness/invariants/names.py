"""One worker a name: nobody takes the name of a worker that lives."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, safety
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.plan import Plan


@safety
def one_worker_has_a_name(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """No worker is registered under the name of another one that has not ended."""
    asked: dict[int, str] = {}
    holders: dict[str, Event] = {}
    for event in history:
        if event.witness == "world" and event.f == "worker.exit":
            holders = {name: by for name, by in holders.items() if by.process != event.process}
        elif event.witness == "client" and event.f == "worker.register":
            call = int(event.value["call"])
            if event.type == "invoke":
                asked[call] = str(event.value.get("worker"))
            elif event.type == "ok" and call in asked:
                name = asked[call]
                before = holders.get(name)
                if before is not None and before.process != event.process:
                    text = f"{event.process} was registered as {name} at {moment(event.t)}, which is {before.process}"
                    yield Finding(text, (before.n, event.n))
                holders[name] = event
