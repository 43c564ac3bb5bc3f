"""Named random streams: one seed, and for every name a stream of its own.

A stream depends on the seed and its name alone, so adding a worker or a fault never
reshuffles what the others draw.
"""

from __future__ import annotations

import hashlib
import random
from uuid import UUID


class Streams:
    """All randomness of one run, by name: `Streams(7).named("link/worker-1→api")`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def named(self, name: str) -> random.Random:
        """The stream of that name; the same object each time it is asked for."""
        if name not in self._streams:
            digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
            self._streams[name] = random.Random(int.from_bytes(digest, "big"))
        return self._streams[name]


def uuid7(*, unix_ms: int, stream: random.Random) -> UUID:
    """A version 7 UUID (RFC 9562) of that time in milliseconds, its other bits from the stream."""
    bits = (unix_ms & (1 << 48) - 1) << 80 | 7 << 76 | stream.getrandbits(12) << 64
    return UUID(int=bits | 2 << 62 | stream.getrandbits(62))


def uuid4(stream: random.Random) -> UUID:
    """A version 4 UUID whose bits come from the stream."""
    return UUID(int=stream.getrandbits(128), version=4)
