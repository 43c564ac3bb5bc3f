"""One toxic on one direction of one connection. Time is read from the running loop alone, so the same stages run in
the simulated network and in a proxy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random

from harness.toxics.toxic import UNTOUCHED, Item, Mark, Toxic

Take = Callable[[Item], None]
NEVER = float("inf")
RESOLUTION = 1e-9
"""Seconds: a loop that counts whole nanoseconds may call a little before a time that falls between two."""


class Stage:
    """Takes items from the stage before and hands them on to `next`, when and as the toxic says.

    `toxicity` is the share of connections that are struck. `random` is this stage's own: what it draws depends on
    nothing else. `drained` is called when less waits here than before. Times are seconds of the loop's clock.
    """

    def __init__(
        self,
        toxic: Toxic,
        *,
        toxicity: float,
        random: Random,
        next: Take,
        drained: Callable[[], None] = lambda: None,
    ) -> None:
        self.random, self.next, self._drained = random, next, drained
        self.loop = asyncio.get_running_loop()
        self.passed = 0  # bytes let through by a toxic that counts them
        self.lost = False  # bytes were swallowed: the stream can never be whole again
        self.free_at = 0.0  # when a toxic that takes one thing after the other is done with the last
        self.was_lost = False  # of a toxic whose losses come in bursts: so was the last chunk
        self.next_flaw = -1  # bytes left before the next one that is corrupted
        self.pending = 0  # bytes that wait here
        self._waiting: deque[tuple[float, Item]] = deque()
        self._last_due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._luck = random.random()
        self.toxic = toxic if self._luck < toxicity else UNTOUCHED
        self.toxic.begin(self)

    @property
    def now(self) -> float:
        return self.loop.time()

    def take(self, item: Item) -> None:
        """Something arrives from the stage before."""
        if isinstance(item, bytes):
            self.toxic.data(item, self)
        else:
            self.toxic.mark(item, self)

    # -- what toxics do ----------------------------------------------------------------------------------

    def hand_on(self, item: Item, *, at: float = 0.0) -> None:
        """Hand an item on at a time, but never before what was handed on earlier."""
        if not self._waiting and (at == 0.0 or at <= self.now):
            self.next(item)
            return
        self._last_due = max(at, self._last_due) if self._waiting else at
        self._waiting.append((self._last_due, item))
        if isinstance(item, bytes):
            self.pending += len(item)
        if self._timer is None:
            self._arm()

    def swallow(self) -> None:
        """The bytes that arrived are gone."""
        self.lost = True

    def set_alarm(self, mark: Mark, *, at: float) -> None:
        """Hand `mark` on at that time, whatever waits here then."""
        self._disarm()
        self._alarm = self.loop.call_at(at, self._ring, mark)

    # -- what becomes of a stage -------------------------------------------------------------------------

    def update(self, toxic: Toxic, *, toxicity: float) -> None:
        """Other settings: waiting bytes go on at once, ends are decided anew."""
        ends = [item for _, item in self._waiting if isinstance(item, Mark)]
        self._flush(lambda item: isinstance(item, bytes))
        before, self.toxic = self.toxic, toxic if self._luck < toxicity else UNTOUCHED
        if before is not UNTOUCHED and self.toxic is UNTOUCHED:
            before.removed(self)
        self._disarm()
        self.toxic.begin(self)
        for end in ends:
            self.take(end)

    def heal(self) -> None:
        """The toxic is gone: all that waits goes on at once."""
        toxic, self.toxic = self.toxic, UNTOUCHED
        self._flush(lambda _: True)
        toxic.removed(self)
        self.drop()

    def drop(self) -> None:
        """The connection is gone."""
        self._disarm()
        self._forget()

    # -- inside ------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        if (due := self._waiting[0][0]) != NEVER:
            self._timer = self.loop.call_at(due, self._pump)

    def _pump(self) -> None:
        self._timer = None
        now = self.now + RESOLUTION
        while self._waiting and self._waiting[0][0] <= now:
            _, item = self._waiting.popleft()
            if isinstance(item, bytes):
                self.pending -= len(item)
            self.next(item)
        if self._waiting and self._timer is None:
            self._arm()
        self._drained()

    def _flush(self, goes_on: Callable[[Item], bool]) -> None:
        items = [item for _, item in self._waiting]
        self._forget()
        for item in items:
            if goes_on(item):
                self.next(item)
        self._drained()

    def _forget(self) -> None:
        self._waiting.clear()
        self.pending, self._last_due, self.free_at = 0, 0.0, 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self, mark: Mark) -> None:
        self._alarm = None
        self._forget()
        self.next(mark)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
