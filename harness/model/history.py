"""What happened: a list of events, one witnessed fact each, stored as JSON lines.

A call is two events that share a `call` number: `invoke`, then `ok` (it took effect), `fail` (it
did not) or `info` (nobody can know). The first line of a file says what format it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.units import NANOSECONDS

FORMAT, VERSION = "airflow-remote-harness/history", 1
TYPES = ("invoke", "ok", "fail", "info")
WITNESSES = ("client", "server", "body", "nemesis", "world")


class Event(NamedTuple):
    """One witnessed fact. `t` is nanoseconds since the start of the run, `n` its place in the History."""

    n: int
    t: int
    witness: str
    process: str
    type: str
    f: str
    value: dict[str, Any]

    @property
    def seconds(self) -> float:
        return self.t / NANOSECONDS

    def to_json(self) -> str:
        """The event as one line of JSON, keys in a fixed order."""
        return json.dumps(self._asdict(), separators=(",", ":"), ensure_ascii=False)


class History:
    """Events in the order in which they happened; they can be added, read, filtered and paired."""

    def __init__(self, events: Iterable[Event] = (), *, header: dict[str, Any] | None = None) -> None:
        self.events: list[Event] = list(events)
        self.header: dict[str, Any] = header or {}
        self._calls = 0

    def append(
        self, *, t: int, witness: str, process: str, type: str, f: str, value: dict[str, Any] | None = None
    ) -> Event:
        """Add one event at the end and return it."""
        event = Event(len(self.events), t, witness, process, type, f, value if value is not None else {})
        self.events.append(event)
        return event

    def new_call(self) -> int:
        """A number for a new call, to be put into the `call` of its events."""
        self._calls += 1
        return self._calls

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, n: int) -> Event:
        return self.events[n]

    def where(
        self,
        *,
        witness: str | None = None,
        f: str | None = None,
        type: str | None = None,
        process: str | None = None,
        test: Callable[[Event], bool] | None = None,
    ) -> Iterator[Event]:
        """The events of which everything that is asked holds, in order."""
        for event in self.events:
            if (
                (witness is None or event.witness == witness)
                and (f is None or event.f == f)
                and (type is None or event.type == type)
                and (process is None or event.process == process)
                and (test is None or test(event))
            ):
                yield event

    def pairs(self, *, witness: str) -> Iterator[tuple[Event, Event | None]]:
        """Each invocation of that witness with its completion; None where none ever came."""
        begun: dict[int, Event] = {}
        ended: dict[int, Event] = {}
        for event in self.where(witness=witness, test=lambda event: "call" in event.value):
            (begun if event.type == "invoke" else ended).setdefault(event.value["call"], event)
        for call, invoke in begun.items():
            yield invoke, ended.get(call)

    def digest(self) -> str:
        """SHA-256 over the events' JSON lines: equal digests, equal histories."""
        state = hashlib.sha256()
        for event in self.events:
            state.update(event.to_json().encode() + b"\n")
        return state.hexdigest()

    def lines(self) -> Iterator[str]:
        """The file's lines: the header, then one line an event."""
        head = {"format": FORMAT, "version": VERSION, "events": len(self.events), **self.header}
        yield json.dumps(head, separators=(",", ":"), ensure_ascii=False)
        for event in self.events:
            yield event.to_json()

    def write(self, path: Path) -> None:
        """Write the file, JSON lines in UTF-8."""
        with path.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in self.lines())
