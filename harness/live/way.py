"""One direction of a relayed connection: bytes wait as the link says, and arrive in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from harness.toxics.links import Link, retransmitted_at
from harness.units import NANOSECONDS

END = b""
"""The last thing that goes one way: the sender has no more to say (FIN)."""


class Way:
    """Takes chunks at one end and delivers them at the other. `now` reads the world's clock, in nanoseconds."""

    def __init__(
        self, *, link: Link, victim: str, now: Callable[[], int], deliver: Callable[[bytes], None]
    ) -> None:
        self._link, self._victim, self._now, self._deliver = link, victim, now, deliver
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[int, int, bytes]] = deque()  # sent at, due at, chunk
        self._last_due = 0
        self.pending = 0  # bytes on their way
        self._timer: asyncio.TimerHandle | None = None
        self.closed = False

    def send(self, chunk: bytes) -> None:
        """A chunk sets out; END is the last."""
        if self.closed:
            return
        sent = self._now()
        self._last_due = max(self._last_due, sent + self._link.draw_delay(self._victim))
        self._waiting.append((sent, self._last_due, chunk))
        self.pending += len(chunk)
        if len(self._waiting) == 1:
            self._pump()

    def _pump(self) -> None:
        self._timer = None
        while self._waiting and not self.closed:
            _, due, chunk = self._waiting[0]
            if self._link.blocks(self._victim):
                self._link.stalled[self] = None
                return
            if (left := due - self._now()) > 0:
                self._wait(left)
                return
            self._waiting.popleft()
            self.pending -= len(chunk)
            self._deliver(chunk)

    def _wait(self, left: int) -> None:
        self._timer = self._loop.call_later(left / NANOSECONDS, self._pump)

    def healed(self) -> None:
        """The link is open again: what waits is sent at TCP's next retransmission."""
        self._link.stalled.pop(self, None)
        if self._waiting and self._timer is None:
            now = self._now()
            self._wait(retransmitted_at(self._waiting[0][0], now) - now)

    def close(self) -> None:
        """Nothing more arrives."""
        self.closed, self.pending = True, 0
        self._waiting.clear()
        self._link.stalled.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
