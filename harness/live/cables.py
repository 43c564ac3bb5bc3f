"""A cable between two network namespaces: every IP packet passes through here, and meets the faults of its link.

Packets are really lost and really overtake each other; what TCP makes of it is the kernel's own doing. Unlike the
kernel's netem it is seeded, and knows which packet it struck.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial

from harness.toxics.links import Link
from harness.units import NANOSECONDS

PACKET_MOST = 65_535
#: Packets read from one end before the other gets its turn.
BATCH = 64
#: Packets under way on one direction, beyond which the cable drops them, as a router's full queue does.
QUEUE = 10_000
_IPV4 = 4


class Cable:
    """Two TUN devices and a link for each direction. `near` and `far` are their descriptors, closed with it."""

    def __init__(self, *, near: int, far: int, forth: Link, back: Link, victim: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = (near, far)
        self._victim = victim
        self._under_way: set[asyncio.TimerHandle] = set()
        self._loop.add_reader(near, self._pass, near, far, forth)
        self._loop.add_reader(far, self._pass, far, near, back)

    def _pass(self, source: int, target: int, link: Link) -> None:
        with suppress(BlockingIOError):
            for _ in range(BATCH):
                self._forward(os.read(source, PACKET_MOST), target, link)

    def _forward(self, packet: bytes, target: int, link: Link) -> None:
        if packet[0] >> 4 != _IPV4:
            return  # the kernel's own solicitations: nobody's call is in them
        delay = link.draw_packet_delay(self._victim)
        if delay is None or len(self._under_way) >= QUEUE:
            return
        if delay == 0:
            _write(target, packet)
        else:
            self._later(delay, partial(_write, target, packet))

    def _later(self, delay: int, deliver: partial[None]) -> None:
        def arrive() -> None:
            self._under_way.discard(timer)
            deliver()

        timer = self._loop.call_later(delay / NANOSECONDS, arrive)
        self._under_way.add(timer)

    def close(self) -> None:
        """Pull it out: nothing passes any more."""
        for end in self._ends:
            self._loop.remove_reader(end)
            os.close(end)
        for timer in self._under_way:
            timer.cancel()
        self._under_way.clear()


def _write(target: int, packet: bytes) -> None:
    with suppress(OSError):  # a full queue drops a packet, and so does a device that is down
        os.write(target, packet)
