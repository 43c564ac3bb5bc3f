"""What the handler of a signal raises ends the run, whatever the code that it hit makes of it.

Python runs a handler between any two lines: inside a request, a retry loop, a finalizer. Much of that code catches
whatever is raised there. So the error is kept as well, and comes out at the end.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]
Tell = Callable[[BaseException], None]

DEADLY = (signal.SIGTERM, signal.SIGHUP)
"""Left to their default, they end the process at once, and its temporary files stay."""


class Ended(BaseException):
    """A deadly signal has come: the process ends as soon as everything is tidied up."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def heeded(tell: Tell = lambda error: None) -> Iterator[None]:
    """What a signal's handler raises inside this block comes out of it; `tell` hears of it at once.

    A deadly signal that nobody handles ends the process when the block has been left. Afterwards the
    handlers are those of before. Python runs handlers in the main thread only: elsewhere nothing is done.
    """
    kept: list[BaseException] = []

    def keep(error: BaseException) -> None:
        kept.append(error)
        tell(error)

    try:
        with ExitStack() as undo:
            if threading.current_thread() is threading.main_thread():
                _watch_all(keep, undo)
            yield
    finally:
        if kept:
            _end_with(kept[0])


@contextmanager
def put_off() -> Iterator[None]:
    """Signals that come inside this block are handled when it has been left: for what must not be done by half."""
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)

    try:
        with ExitStack() as undo:
            if threading.current_thread() is threading.main_thread():
                for number, before in _handlers():
                    if callable(before):
                        undo.callback(_put_back, number, before, note)
                        signal.signal(number, note)
            yield
    finally:
        for number in came:
            signal.raise_signal(number)


def _handlers() -> Iterator[tuple[int, Any]]:
    for number in sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}):
        yield number, signal.getsignal(number)


def _watch_all(keep: Tell, undo: ExitStack) -> None:
    for number, before in _handlers():
        if before is signal.SIG_DFL and number in DEADLY:
            handler = _telling(_end, keep)
        elif callable(before):
            handler = _telling(before, keep)
        else:
            continue
        undo.callback(_put_back, number, before, handler)
        signal.signal(number, handler)


def _telling(handler: Handler, keep: Tell) -> Handler:
    def told(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except BaseException as error:
            keep(error)
            raise

    return told


def _end(number: int, _: FrameType | None) -> None:
    raise Ended(number)


def _put_back(number: int, before: Any, ours: Handler) -> None:
    if signal.getsignal(number) is ours:  # a handler may have put another one in its place
        signal.signal(number, before)


def _end_with(error: BaseException) -> None:
    if isinstance(error, Ended) and signal.getsignal(error.number) is signal.SIG_DFL:
        signal.raise_signal(error.number)
    raise error
