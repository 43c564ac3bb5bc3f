"""The first process of a live host: starts the worker, adopts its orphans, and takes all with it when the harness goes.

Run as a script, with the file for the worker's exit code and the worker's command line. Its standard input is a pipe
from the harness; when that closes, however the harness ended, every process below this one is killed.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LOOK = 0.05  # seconds


def main() -> None:
    """Run the command until the harness closes our input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    exit_file, *command = sys.argv[1:]
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        preexec_fn=_ordinary_signals,  # noqa: PLW1509 - there are no threads here
    ) as worker:
        while not select.select([sys.stdin], [], [], LOOK)[0]:
            _reap(worker.pid, exit_file)
        while below := _children():
            for pid in below:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _reap(worker.pid, exit_file)
        worker.returncode = 0  # it has been waited for here


def _ordinary_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _reap(worker: int, exit_file: str) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == worker:
                Path(exit_file).write_text(str(os.waitstatus_to_exitcode(ended[1])))


def _children() -> list[int]:
    # orphans of those that we kill become our children in turn, so each look finds the next generation
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in path.read_text().split()]


if __name__ == "__main__":
    main()
