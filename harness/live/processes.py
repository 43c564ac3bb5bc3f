"""Processes of ours: started in a group of their own, watched, and ended with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.errors import NotStarted

#: Seconds between two looks at a process that is starting.
LOOK = 0.1
#: Seconds a process has to end before it is killed.
GRACE = 10.0


@dataclass(frozen=True)
class Process:
    """A started process; all it writes is in `log`."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, in one line."""
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-lines:])[-600:]

    def wait_until(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Wait until it is `ready`. Raises NotStarted when it ended or took more than `timeout` seconds."""
        end = time.monotonic() + timeout
        while not ready():
            if (code := self.popen.poll()) is not None:
                raise NotStarted(f"{self.name} ended with code {code}: {self.last_words()}")
            if time.monotonic() > end:
                raise NotStarted(f"{self.name} is not up after {timeout:.0f} s: {self.last_words()}")
            time.sleep(LOOK)

    def cpu_seconds(self) -> float:
        """The CPU time that it and its children have used so far (Linux)."""
        return sum(_cpu_seconds(pid) for pid in (self.popen.pid, *_children(self.popen.pid)))

    def stop(self) -> None:
        """End the whole group, kindly at first. Stopping twice is fine."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not _signal_group(self.popen.pid, number):
                break
            try:
                self.popen.wait(GRACE)
            except subprocess.TimeoutExpired:
                continue
        _signal_group(self.popen.pid, signal.SIGKILL)
        self.popen.wait(GRACE)
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                stream.close()


def spawn(
    *command: str | Path,
    name: str,
    log: Path,
    env: Mapping[str, str],
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    user: str | None = None,
) -> Process:
    """Start a command in a process group of its own, with this environment and nothing else of ours.

    Output goes to `log`, unless `stdout` is a pipe. Raises NotStarted.
    """
    with log.open("ab") as output:
        try:
            popen = subprocess.Popen(  # noqa: S603
                _arguments(command),
                env=dict(env),
                cwd=log.parent,
                stdin=stdin,
                stdout=output if stdout is None else stdout,
                stderr=output,
                start_new_session=True,
                user=user,
            )
        except OSError as error:
            raise NotStarted(f"{name} cannot be started: {error}") from None
    return Process(name, popen, log)


def _arguments(command: Sequence[str | Path]) -> list[str]:
    return [str(part) for part in command]


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            found += [child, *_children(child)]
    return found


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
