"""How a command ends when something outside ends it: a signal, or an output that nobody takes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

EXIT_NOT_WRITTEN, EXIT_INTERRUPTED, EXIT_PIPE, EXIT_TERMINATED = 74, 130, 141, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM came: the command ends as with Ctrl-C, which raises the base class."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises Terminated in here, unless whoever started us has it ignored or we are not the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _terminate(number: int, frame: Any) -> None:  # noqa: ARG001
    raise Terminated


def stdout_failure() -> str | None:
    """Why stdout cannot be written; None where it can. What could not be written still waits, so it is tried again."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def give_up(descriptor: int) -> None:
    """Let what waits for that descriptor go nowhere: Python's own flush at exit must not complain either."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)


def complain(text: str, code: int) -> int:
    """One line on stderr; returns the code."""
    say_aside(f"harness: {' '.join(text.split())}")
    return code


def say_aside(text: str) -> None:
    """Write to stderr, should it take anything: nothing depends on it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        give_up(2)
