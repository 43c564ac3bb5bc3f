"""A worker's host in the live world: an init process of ours (host_init.py) and everything that descends from it.

Process groups would lose what a supervisor puts into a group of its own, parents those whose parent died; the init is
a subreaper, so orphans become its children, and nothing leaves the tree.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.live.processes import Process, spawn

#: Seconds within which killed processes are gone.
GRACE = 10.0
_INIT = Path(__file__).with_name("host_init.py")


class Host:
    """A started host. `worker.log` in its home has all that the worker writes, `exit_code` how it ended."""

    def __init__(self, name: str, command: Sequence[str], *, home: Path, env: Mapping[str, str]) -> None:
        home.mkdir(exist_ok=True)
        self._exit = home / "worker.exit"
        self._exit.unlink(missing_ok=True)
        self._init: Process = spawn(
            *(sys.executable, "-I", str(_INIT), str(self._exit), *command),
            name=name,
            log=home / "worker.log",
            env=env,
            stdin=subprocess.PIPE,
        )

    @property
    def exit_code(self) -> int | None:
        """How the worker's main process ended, negative for a signal; None while it runs."""
        try:
            return int(self._exit.read_text())
        except (FileNotFoundError, ValueError):
            return None if self._init.popen.poll() is None else self._init.popen.returncode

    def ended(self) -> str:
        """How its main process ended, in words; nothing while it runs."""
        return "" if self.exit_code is None else f"with code {self.exit_code}: {self.last_words()}"

    def last_words(self) -> str:
        """The last line of its log."""
        return self._init.last_words(1)

    def outer(self, pid: int) -> int:
        """The machine's id of that process: it is the same on the host."""
        return pid

    def pause(self) -> None:
        """Stop every process but the init, those that are born meanwhile included."""
        stopped: set[int] = set()
        while born := set(self.send(signal.SIGSTOP)) - stopped:
            stopped |= born

    def resume(self) -> None:
        """Let them go on."""
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> list[int]:
        """Signal every process of the host but its init; returns their ids."""
        found = descendants(self._init.popen.pid)
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return found

    @property
    def main(self) -> int | None:
        """The id of the worker's main process, the first that its init started; None when it has ended."""
        return first_child(self._init.popen.pid) if self.exit_code is None else None

    def tell(self, number: signal.Signals) -> None:
        """Signal the worker's main process."""
        if (main := self.main) is not None:
            with suppress(ProcessLookupError):
                os.kill(main, number)

    def kill(self) -> None:
        """Kill every process, those that are born meanwhile included."""
        end = time.monotonic() + GRACE
        while self.send(signal.SIGKILL) and time.monotonic() < end:
            time.sleep(0.01)
        stdin = self._init.popen.stdin
        assert stdin is not None
        stdin.close()
        self._init.popen.wait(GRACE)


def first_child(pid: int) -> int | None:
    """The oldest living child of that process."""
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return int(child)
    return None


def descendants(ancestor: int) -> list[int]:
    """The living processes below that one, from the nearest to the farthest."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                children[int(parent)].append(int(path.parent.name))
    found = [ancestor]
    for pid in found:
        found += children[pid]
    return found[1:]


def lives(pid: int) -> bool:
    """Whether that process runs; one that has ended and waits for its parent to ask does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
