"""Reads history files, and refuses what no run can have written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from reprlib import repr as short
from typing import Any

from harness.errors import BadHistory
from harness.model.event_kinds import misfit
from harness.model.history import FORMAT, TYPES, VERSION, WITNESSES, Event, History
from harness.model.json_file import parse_json

_FIELDS = {"n": int, "t": int, "witness": str, "process": str, "type": str, "f": str, "value": dict}
_LATEST = 1 << 62
"""No event is later, in nanoseconds: that is 146 years."""


def read_history(path: Path) -> History:
    """Read a file that `History.write` wrote. Raises BadHistory, naming what is wrong."""
    try:
        # not splitlines(): that also splits at U+2028 and others which JSON leaves as they are
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadHistory(f"{path} cannot be read: {error}") from None
    header = _header(path, lines[0])
    if header.pop("events") != len(lines) - 1:
        raise BadHistory(f"{path} is truncated: its header promises more events; run the plan again")
    try:
        events = list(_checked(_event(n, line) for n, line in enumerate(lines[1:])))
    except ValueError as error:
        raise BadHistory(f"{path} has a line that is no event: {error}; run the plan again") from None
    return History(events, header=header)


def _header(path: Path, line: str) -> dict[str, Any]:
    try:
        header = parse_json(line)
        kind, version = header.pop("format"), header.pop("version")
        if type(header["events"]) is not int:
            raise TypeError("no number of events")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadHistory(f"{path} is not a history: give the history.jsonl of a run's folder") from None
    if kind != FORMAT:
        raise BadHistory(
            f"{path} has the format {short(kind)}, not {FORMAT!r}: give the history.jsonl of a run's folder"
        )
    if type(version) is not int or version != VERSION:  # to Python, True and 1.0 are 1
        raise BadHistory(
            f"{path} is a history of version {version!r} and this release reads version {VERSION}:"
            " judge it with the release that wrote it, or replay its plan.json"
        )
    return dict(header)


def _event(n: int, line: str) -> Event:
    """The event on a line, each field of its type. Raises ValueError."""
    fields = parse_json(line)
    if not isinstance(fields, dict) or fields.keys() != _FIELDS.keys():
        raise ValueError(f"event {n} is not an object of {', '.join(_FIELDS)}")
    for name, kind in _FIELDS.items():
        if not isinstance(fields[name], kind) or isinstance(fields[name], bool):
            raise ValueError(f"event {n} has {name}={short(fields[name])}")
    event = Event(**fields)
    if event.n != n:
        raise ValueError(f"event {n} is numbered {event.n}")
    if event.witness not in WITNESSES or event.type not in TYPES or not event.process:
        raise ValueError(
            f"event {n} has witness {short(event.witness)}, type {short(event.type)}, process {short(event.process)}"
        )
    return event


def _checked(events: Iterable[Event]) -> Iterator[Event]:
    """The events, each as its kind must be and in its place. Raises ValueError."""
    before = 0
    calls: dict[tuple[str, int], Event | None] = {}  # None: it was answered
    for event in events:
        if not before <= event.t <= _LATEST:
            raise ValueError(f"event {event.n} is at t={event.t}, after one at t={before}")
        before = event.t
        if (wrong := misfit(event)) or (wrong := _miscalled(event, calls)):
            raise ValueError(f"event {event.n}: {wrong}")
        yield event


def _miscalled(event: Event, calls: dict[tuple[str, int], Event | None]) -> str | None:
    """What is wrong about an event of a call, after those before it: each is invoked once and answered at most once."""
    if "call" not in event.value or event.witness not in ("client", "body"):
        return None
    key = event.witness, event.value["call"]
    if event.type == "invoke":
        if key in calls:
            return f"call {key[1]} was invoked before"
        calls[key] = event
        return None
    if key not in calls:
        return f"call {key[1]} was never invoked"
    invoke, calls[key] = calls[key], None
    if invoke is None:
        return f"call {key[1]} was answered before"
    if (invoke.process, invoke.f) != (event.process, event.f):
        return f"call {key[1]} was {invoke.f} of {invoke.process}, not {event.f} of {event.process}"
    for name in ("task", "ti", "try"):
        if name in invoke.value and invoke.value[name] != event.value.get(name, invoke.value[name]):
            return f"call {key[1]} was of {name} {short(invoke.value[name])}, not {short(event.value[name])}"
    return None
