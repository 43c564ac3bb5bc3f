"""How a command ends when something outside ends it: a signal, or an output that nobody takes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

EXIT_NOT_WRITTEN, EXIT_INTERRUPTED, EXIT_PIPE = 74, 130, 141

WORDS = {signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
"""The signals besides that of Ctrl-C which end a command in order, and what it says then."""


class Terminated(KeyboardInterrupt):
    """Such a signal came: the command ends as with Ctrl-C, which raises the base class."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.word, self.code = WORDS[signal.Signals(number)], 128 + number  # 128 + n: as shells have it


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Those signals raise Terminated in here, unless whoever started us has them ignored, as `nohup` has, or we
    are not the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with contextlib.ExitStack() as undo:
        for number in WORDS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                undo.callback(signal.signal, number, before or signal.SIG_DFL)
                signal.signal(number, _terminate)
        yield


async def told_to_end() -> NoReturn:
    """Wait for one of those signals, within `terminable`, and raise Terminated then.

    The loop hears of it between two callbacks, so no answer is broken off in the middle.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    for number in WORDS:
        if signal.getsignal(number) is _terminate:
            loop.add_signal_handler(number, told.put_nowait, number)
    raise Terminated(await told.get())


def _terminate(number: int, frame: Any) -> None:  # noqa: ARG001
    raise Terminated(number)


def buffer_stdout() -> None:
    """Give stdout a buffer, by lines, where PYTHONUNBUFFERED took it away.

    What cannot be written then stays in it: so it is known in the end, whoever met the error first.
    """
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and isinstance(out.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115 - for good, and of a descriptor
            out.fileno(), "w", buffering=1, encoding=out.encoding, errors=out.errors, closefd=False
        )


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
    """One line on stderr, with nothing in it that a terminal would obey; returns the code."""
    line = " ".join(text.split())
    say_aside("harness: " + "".join(char if char.isprintable() else "·" for char in line))
    return code


def say_aside(text: str) -> None:
    """Write to stderr, should it take anything: nothing depends on it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        give_up(2)
