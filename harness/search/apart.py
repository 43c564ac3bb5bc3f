"""A function in a process of its own that stays: for whoever must go on living in real time while a plan is run.

A run swaps the clock of its whole process. `python -m harness.search.apart SCENARIO…` is the process: it reads
pickled calls from stdin and answers each with a pickled result, until stdin ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, TypeVar

from harness.search.pool import ready

T = TypeVar("T")
_OURS = threading.local()
"""The process of each thread that calls."""


def apart(scenarios: tuple[str, ...], fn: Callable[..., T], *args: Any) -> T:
    """What `fn(*args)` returns or raises in this thread's process, which knows the invariants of those scenarios.

    A process that was lost is replaced, once. Raises ChildProcessError where the second is lost too.
    """
    for _ in range(2):
        child = _child(scenarios)
        try:
            assert child.stdin
            assert child.stdout
            _send(child.stdin, (fn, args))
            good, value = pickle.load(child.stdout)  # noqa: S301 - from a process of our own
        except (EOFError, OSError, pickle.UnpicklingError):
            _drop(child)
            continue
        if good:
            result: T = value
            return result
        try:
            raise value
        finally:
            del value  # whose traceback holds this frame, and that the process
    raise ChildProcessError("the process that ran the plan was lost, and the next one too")


def _child(scenarios: tuple[str, ...]) -> subprocess.Popen[bytes]:
    known: dict[tuple[str, ...], subprocess.Popen[bytes]] = vars(_OURS).setdefault("children", {})
    child = known.get(scenarios)
    if child is not None and child.poll() is not None:
        _drop(child)
        child = None
    if child is None:
        command = [sys.executable, "-m", "harness.search.apart", *scenarios]
        child = known[scenarios] = subprocess.Popen(  # noqa: S603 - ourselves
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    return child


def _drop(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            with suppress(OSError):
                pipe.close()


def _send(pipe: IO[bytes], value: Any) -> None:
    pipe.write(pickle.dumps(value))
    pipe.flush()


def main() -> None:
    """Answer calls until there are no more."""
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a run prints is no answer
    ready(tuple(sys.argv[1:]))
    with suppress(EOFError):
        while True:
            fn, args = pickle.load(calls)  # noqa: S301 - from whoever started us
            try:
                answer = (True, fn(*args))
            except Exception as error:  # noqa: BLE001 - whoever called wants it
                answer = (False, error)
            _send(answers, answer)


if __name__ == "__main__":
    main()
