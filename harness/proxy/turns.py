"""Long work in slices, so that the API answers others meanwhile, however many have long work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

AT_ONCE = 100
"""Items until whoever waits gets a turn: a millisecond's work."""


class Turns:
    """One slice of long work in each round of a loop: were there one of each long work, many would make a round long."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def next(self) -> None:
        """Return when it is our turn: first come, first served."""
        turn = self._loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._give)
        await turn

    def _give(self) -> None:
        turn = self._waiting.popleft()
        if not turn.done():  # else whoever waited was cancelled
            turn.set_result(None)
        if self._waiting:
            self._loop.call_soon(self._give)


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


async def by_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a turn for others now and then."""
    for place, item in enumerate(items, start=1):
        if place % AT_ONCE == 0:
            await _turns().next()
        yield item


def _turns() -> Turns:
    loop = asyncio.get_running_loop()
    if loop not in _TURNS:
        _TURNS[loop] = Turns(loop)
    return _TURNS[loop]
