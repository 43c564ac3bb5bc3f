"""Wrong clocks for live hosts: their processes run under libfaketime, and a file says by how much they are off.

The clock is that of time() and what reads it; monotonic time and the times of files are the machine's.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from harness.ports import Heal

_SLEEPING = Path(__file__).with_name("sleeping")
_PLACES = ("/usr/lib", "/usr/local/lib")
_PATTERNS = ("faketime/libfaketimeMT.so.1", "*/faketime/libfaketimeMT.so.1")


def library() -> Path | None:
    """Where libfaketime is, the one for programs with threads; None where it is not installed."""
    found = (path for place in _PLACES for pattern in _PATTERNS for path in Path(place).glob(pattern))
    return next(found, None)


class Clocks:
    """The wall clocks of hosts; `targets` are patterns of those that have one of their own. `folder` is for their files."""

    def __init__(self, folder: Path, *, targets: Collection[str]) -> None:
        self._folder, self._targets = folder, targets
        self._known: set[str] = set()
        self._skews: dict[object, tuple[str, timedelta]] = {}  # by fault: a pattern of hosts, and how far

    def environment(self, name: str, env: Mapping[str, str]) -> dict[str, str]:
        """The environment of that host's processes, with its clock; as it is where the machine's will do."""
        if not any(fnmatchcase(name, target) for target in self._targets):
            return dict(env)
        self._known.add(name)
        self._set(name)
        return {
            **env,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_SLEEPING), env.get("PYTHONPATH")))),
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(name)),
            "FAKETIME_NO_CACHE": "1",  # it reads the file each time: 7 µs
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def skew(self, target: str, offset: timedelta) -> Heal:
        """The clocks of hosts that fit jump at once; the Heal sets them right by as much."""
        key = object()
        self._skews[key] = target, offset
        self._set_all(target)

        def set_right() -> None:
            del self._skews[key]
            self._set_all(target)

        return set_right

    def _set_all(self, target: str) -> None:
        for name in self._known:
            if fnmatchcase(name, target):
                self._set(name)

    def _set(self, name: str) -> None:
        skews = (offset for target, offset in self._skews.values() if fnmatchcase(name, target))
        written = self._file(name).with_suffix(".new")
        written.write_text(f"{sum(skews, timedelta(0)).total_seconds():+f}\n")
        written.replace(self._file(name))  # whoever reads it has the old time or the new

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.clock"
