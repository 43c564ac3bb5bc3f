"""Memory runs short on live hosts: whom we kill as the kernel would, and what comes back.

No limit is set on anything: what can carry one differs from machine to machine (cgroups of either version, delegated
or not), and under RLIMIT_AS a Python gets MemoryError, which is another fault.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model.faults import Victim
from harness.ports import Heal, Strike

if TYPE_CHECKING:
    from harness.live.hosting import WorkerHost


class Memory:
    """The memory of hosts: `targets` finds them by a pattern, `bodies` the processes of one's tasks by its name."""

    def __init__(
        self,
        targets: Callable[[str], dict[str, WorkerHost]],
        *,
        bodies: Callable[[str], set[int]],
        start_again: Callable[[str, WorkerHost], None],
    ) -> None:
        self._targets, self._bodies, self._start_again = targets, bodies, start_again
        self._short: dict[
            object, tuple[str, Strike, set[int]]
        ] = {}  # by fault; the last are who was there before

    def runs_short(self, target: str, victim: Victim, strike: Strike, *, goes_on: bool) -> Heal:
        """One process of each host dies; with `goes_on`, each task that begins before the Heal does too."""
        hosts, key = self._targets(target), object()
        if goes_on and victim is Victim.TASK:
            running = {pid for name in hosts for pid in self._bodies(name)}
            self._short[key] = target, strike, running
        for name, host in hosts.items():
            if victim is Victim.WORKER:
                _kill(host.main, name, "its worker was killed", strike)
            else:
                _kill(largest(self._bodies(name)), name, "its largest task was killed", strike)

        def heal() -> None:
            self._short.pop(key, None)
            for name, host in hosts.items():
                self._start_again(name, host)

        return heal

    def look(self) -> None:
        """Kill what has begun where memory is short."""
        for target, strike, spared in self._short.values():
            for name in self._targets(target):
                for pid in self._bodies(name) - spared:
                    _kill(pid, name, "its largest task was killed", strike)


def largest(pids: Collection[int]) -> int | None:
    """Whom of them the kernel would kill: it tells its own score, in thousandths of the memory."""
    return max(pids, key=lambda pid: (_number(pid, "oom_score"), _number(pid, "statm", 1)), default=None)


def _number(pid: int, file: str, field: int = 0) -> int:
    try:
        return int(Path(f"/proc/{pid}/{file}").read_text().split()[field])
    except (OSError, IndexError):
        return -1  # it has ended


def _kill(pid: int | None, name: str, what: str, strike: Strike) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)  # is it still there?
            strike(name, what)
            os.kill(pid, signal.SIGKILL)
