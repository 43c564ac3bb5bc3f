"""What the users of one process saw, as a History that the harness reads: calls, and the runs of task bodies.

Times are nanoseconds from the epoch until the file is read: processes on several machines write one each.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import IO, Any

from harness.model.history import FORMAT, VERSION, Event
from harness.model.operations import NAMES
from loadtests.feeds import Work

_KNOWN = frozenset(NAMES)


class Witness:
    """Writes events as they happen. Without a file it writes nothing."""

    def __init__(self, path: Path | None, *, seed: int) -> None:
        self._file: IO[str] | None = None
        self._numbers, self._calls = itertools.count(), itertools.count(1)
        self._bodies: dict[str, dict[str, Any]] = {}
        if path is not None:
            self._file = path.open("w", encoding="utf-8")
            head = {"format": FORMAT, "version": VERSION, "seed": seed, "world": "load", "clock": "epoch"}
            self._file.write(json.dumps(head) + "\n")

    @property
    def writes(self) -> bool:
        """Whether anybody asked for a History."""
        return self._file is not None

    def _say(self, t: int, witness: str, process: str, type: str, f: str, value: dict[str, Any]) -> None:
        if self._file is not None:
            event = Event(next(self._numbers), t, witness, process, type, f, value)
            self._file.write(event.to_json() + "\n")

    def call(self, op: str, process: str, began: float, ended: float, status: int | None, error: str) -> None:
        """One call from its begin to its end, in seconds ago from now; `status` is None where no reply came."""
        if self._file is None or op not in _KNOWN:
            return
        now, clock = time.time_ns(), time.perf_counter()
        value = {"call": next(self._calls)}
        kind = "info" if status is None else "ok" if status < 400 else "fail"
        more = {"reason": error} if status is None else {"status": status}
        self._say(now - int((clock - began) * 1e9), "client", process, "invoke", op, value)
        self._say(now - int((clock - ended) * 1e9), "client", process, kind, op, value | more)

    def begins(self, work: Work, host: str) -> None:
        """A body begins."""
        if self._file is not None:
            about = {"call": next(self._calls), "task": work.task, "ti": work.ti, "try": work.try_number}
            self._bodies[work.ti] = about
            self._say(time.time_ns(), "body", host, "invoke", "body", about | {"slots": 1})

    def ends(self, work: Work, host: str, type: str, **more: Any) -> None:
        """A body ends: `ok`, `fail`, or `info` where it was killed."""
        about = self._bodies.pop(work.ti, None)
        if about is not None:
            self._say(time.time_ns(), "body", host, type, "body", about | more)

    def close(self) -> None:
        """Nothing is written after."""
        if self._file is not None:
            self._file.close()
            self._file = None
