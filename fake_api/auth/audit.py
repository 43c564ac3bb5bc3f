"""The record of who was let in, who was not, and why. No token is ever in it."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

#: Decisions remembered; the oldest go first.
SIZE = 10_000

Verdict = Literal["allowed", "denied", "refreshed", "swapped"]
Listener = Callable[["Decision"], None]


@dataclass(frozen=True)
class Decision:
    """One decision about a call.

    `who` is the id in the caller's token, None where no good signature says so; for an edge worker, whose
    tokens name nobody, "edge worker". "refreshed" and "swapped" mean that the reply carries a new token.
    """

    at: datetime
    who: str | None
    method: str
    path: str
    decision: Verdict
    why: str


class Audit:
    """The latest decisions, oldest first.

    This is on every call's way: what is kept is a tuple, and it becomes a Decision when somebody looks.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._recent: deque[tuple[datetime, str | None, str, str, Verdict, str]] = deque(maxlen=size)
        self._listeners: list[Listener] = []

    def __iter__(self) -> Iterator[Decision]:
        return (Decision(*each) for each in self._recent)

    def __len__(self) -> int:
        return len(self._recent)

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` of every decision from now on, before the call goes on.

        What it raises ends the call with a 500: nobody is let in unrecorded.
        """
        self._listeners.append(listener)

    def record(
        self, at: datetime, who: str | None, method: str, path: str, decision: Verdict, why: str
    ) -> None:
        """Keep a decision."""
        entry = (at, who, method, path, decision, why)
        self._recent.append(entry)
        for listener in self._listeners:
            listener(Decision(*entry))


class AuditFile:
    """Appends decisions to a file, one JSON object a line. Raises OSError when that cannot be done."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def __call__(self, decision: Decision) -> None:
        """Write one line; it is with the operating system when this returns."""
        line = json.dumps(asdict(decision) | {"at": decision.at.isoformat()}) + "\n"
        self._file.write(line.encode())

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
