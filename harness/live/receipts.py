"""Where packets can be lost behind a relay, a reply counts as heard when the client's kernel has acknowledged it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

#: Seconds between two looks at what is not acknowledged yet.
LOOK = 0.01
_UNHEARD = "the connection ended before the client had the reply"

Left = Callable[[], tuple[int, bool]]
"""How many bytes the client's kernel has not acknowledged, and whether the connection has ended."""


class RecordAt(Protocol):
    """Takes an event of a connection's tap, of the moment `t` (nanoseconds of the world's clock) or of now."""

    def __call__(self, type: str, f: str, value: dict[str, Any], t: int | None = None) -> None: ...


class Receipts:
    """Stands before the `record` of one connection's tap, and puts off what a reply brought.

    Its moment is the last at which it was not acknowledged yet: before anything that the client made of it.
    """

    def __init__(self, record: RecordAt, *, left: Left, now: Callable[[], int]) -> None:
        self._record, self._left, self._now = record, left, now
        self._waiting: list[tuple[str, str, dict[str, Any]]] = []
        self._since = 0

    def __call__(self, type: str, f: str, value: dict[str, Any]) -> None:
        """Take an event of the tap; the reply it tells of is written right after."""
        self._tell()
        if type in ("invoke", "info"):
            self._record(type, f, value)
            return
        self._since = self._now()
        self._waiting.append((type, f, value))
        self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        self._tell()
        if self._waiting:
            self._look_later()

    def _tell(self) -> None:
        if not self._waiting:
            return
        bytes_left, ended = self._left()
        if bytes_left and not ended:
            self._since = self._now()
            return
        for kind, f, value in self._waiting:
            if bytes_left:
                self._record("info", f, {"call": value["call"], "reason": _UNHEARD})
            else:
                self._record(kind, f, value, self._since)
        self._waiting.clear()
