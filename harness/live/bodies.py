"""Reads the marks of task bodies into the History, and notices those that ended without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.live.hosts import lives

Key = tuple[str, int, int]  # task instance, try, process


class BodyWitness:
    """Call `look` now and then: it reads what is new. `say(t, host, type, value)` takes each event.

    `t` is nanoseconds of the machine's monotonic clock: the mark's own, or now for a body that is gone. `outer(host, pid)`
    gives the machine's id for a process that has that id on its host, None for none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        say: Callable[[int, str, str, dict[str, Any]], None],
        outer: Callable[[str, int], int | None],
        now: Callable[[], int],
        new_call: Callable[[], int],
    ) -> None:
        self._folder, self._say, self._outer = folder, say, outer
        self._now, self._new_call = now, new_call
        self._read: dict[Path, int] = {}
        self._open: dict[Key, tuple[str, dict[str, Any]]] = {}

    def look(self) -> None:
        """Read new marks, and tell of bodies whose process is gone."""
        gone = [key for key, (host, _) in self._open.items() if not self._lives(host, key[2])]
        self._read_marks()  # after looking at the processes: the last mark of one that ended by itself is there
        for key in gone:
            if key in self._open:
                host, about = self._open.pop(key)
                self._say(self._now(), host, "info", about | {"reason": "its process is gone"})

    @property
    def running(self) -> dict[str, int]:
        """How many bodies each host has, as far as is known."""
        counts: dict[str, int] = {}
        for host, _ in self._open.values():
            counts[host] = counts.get(host, 0) + 1
        return counts

    def of(self, host: str) -> set[int]:
        """The processes in which the bodies of a host run, as far as is known, by the machine's ids."""
        found = {self._outer(host, pid) for (_, _, pid), (where, _) in self._open.items() if where == host}
        return {pid for pid in found if pid is not None}

    def _lives(self, host: str, pid: int) -> bool:
        outer = self._outer(host, pid)
        return outer is not None and lives(outer)

    def _read_marks(self) -> None:
        for path in sorted(self._folder.glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                for line in file:
                    if line.endswith(b"\n"):  # a mark is written at once, but let us not rely on it
                        self._read[path] = self._read.get(path, 0) + len(line)
                        self._take(json.loads(line))

    def _take(self, mark: dict[str, Any]) -> None:
        key = mark["ti"], mark["try"], mark["pid"]
        about = {name: mark[name] for name in ("task", "ti", "try")}
        if mark["what"] == "begin":
            about = {"call": self._new_call(), **about}
            self._open[key] = mark["host"], about
            self._say(mark["t"], mark["host"], "invoke", about | {"slots": mark["slots"]})
        elif key in self._open:
            host, about = self._open.pop(key)
            end, more = _END[mark["what"]], {name: mark[name] for name in ("reason",) if name in mark}
            self._say(mark["t"], host, end, about | more)


_END = {"ok": "ok", "fail": "fail", "killed": "info"}
