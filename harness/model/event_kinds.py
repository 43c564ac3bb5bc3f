"""Which events there are: a row for each, with its types and what its value has. harness/README.md says what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Any

from harness.model.history import TYPES, Event
from harness.model.operations import NAMES


@dataclass(frozen=True, slots=True)
class EventKind:
    """The types an event of a kind may have, and by name what its value `has` and `may` have: a type, or a range.

    Only what invariants and stories rely on is named; a value may hold more.
    """

    types: tuple[str, ...]
    has: Mapping[str, Any]
    may: Mapping[str, Any] = field(default_factory=dict)


_POSITIVE = range(1, 1 << 31)
_CALL = EventKind(TYPES, {"call": int}, {"ti": str})
_CHANGE = EventKind(("ok",), {"key": str, "old": str | None, "new": str | None, "cause": str})
_CHANGE_OF_TRY = EventKind(
    ("ok",),
    {**_CHANGE.has, "dag_id": str, "task_id": str, "run_id": str},
    {"new_id": str | None, "try_number": int, "worker": str | None},
)
_KINDS: dict[tuple[str, str], EventKind] = {
    ("world", "act"): EventKind(("info",), {"act": str}),
    ("world", "task.submit"): EventKind(("info",), {"task": str, "ti": str}),
    ("world", "worker.start"): EventKind(("info",), {"kind": str, "slots": _POSITIVE}),
    ("world", "worker.exit"): EventKind(("info", "fail"), {"reason": str}),
    ("world", "server.unseen"): EventKind(("info",), {"reason": str}),
    ("world", "worker.background"): EventKind(("fail",), {"what": str, "error": str}),
    ("nemesis", "fault.begin"): EventKind(("info",), {"fault": int, "name": str, "text": str}),
    ("nemesis", "fault.strike"): EventKind(("info",), {"fault": int, "victim": str, "what": str}),
    ("nemesis", "fault.end"): EventKind(("info",), {"fault": int, "name": str, "strikes": int}),
    ("client", "connect"): EventKind(("fail",), {"reason": str}),
    **{("client", name): _CALL for name in NAMES},
    **{("server", table): _CHANGE_OF_TRY for table in ("task_instance", "edge_job", "xcom")},
    **{("server", table): _CHANGE for table in ("edge_worker", "dag_run", "log")},
    ("body", "body"): EventKind(
        TYPES, {"call": int, "task": str, "ti": str, "try": _POSITIVE}, {"slots": _POSITIVE}
    ),
}
# an operation that the table of operations does not know is named by its method and path
_UNKNOWN_OPERATION = re.compile(r"[A-Z-]+ \S*")


def kind_of(witness: str, f: str) -> EventKind | None:
    """The row of what that witness tells under that name; None where there is no such event."""
    kind = _KINDS.get((witness, f))
    return _CALL if kind is None and witness == "client" and _UNKNOWN_OPERATION.fullmatch(f) else kind


def misfit(event: Event) -> str | None:
    """What about the event is not as its row says; None where all is."""
    kind = kind_of(event.witness, event.f)
    if kind is None:
        return f"no {event.witness} tells of {short(event.f)}"
    if event.type not in kind.types:
        return f"{event.f} has type {event.type!r}, not {' or '.join(kind.types)}"
    for name, hint in kind.has.items():
        if name not in event.value or not _fits(event.value[name], hint):
            return f"the value of {event.f} has {name}={short(event.value.get(name))}"
    for name, hint in kind.may.items():
        if name in event.value and not _fits(event.value[name], hint):
            return f"the value of {event.f} has {name}={short(event.value[name])}"
    # a task instance may have no state in Airflow; jobs and workers always have one
    if event.f in ("edge_job", "edge_worker") and event.value["old"] is event.value["new"] is None:
        return f"the {event.f} goes from nothing to nothing"
    return None


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(value, bool):
        return False
    return value in hint if isinstance(hint, range) else isinstance(value, hint)
