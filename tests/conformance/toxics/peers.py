"""The two ends of a proxied connection: what each sends, and what it sees and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Peer(asyncio.Protocol):
    """One end. `ends` is what it saw besides bytes, in order: "eof", then "closed" or the name of an error."""

    def __init__(self, *, echo: bool = False, made: Callable[[Peer], None] = lambda peer: None) -> None:
        self.echo, self._made = echo, made
        self.received = bytearray()
        self.arrivals: list[tuple[float, int]] = []
        self.ends: list[str] = []
        self.end_at = 0.0
        self.transport: Any = None
        self._changed = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._made(self)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.arrivals.append((asyncio.get_running_loop().time(), len(data)))
        if self.echo:
            self.transport.write(data)
        self._changed.set()

    def eof_received(self) -> bool:
        self._end("eof")
        return True  # this end goes on until it is told to close

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(type(exc).__name__ if exc else "closed")

    def _end(self, what: str) -> None:
        self.ends.append(what)
        self.end_at = asyncio.get_running_loop().time()
        self._changed.set()

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def say_end(self) -> None:
        self.transport.write_eof()

    def close(self) -> None:
        self.transport.close()

    async def wait(self, condition: Callable[[], object]) -> None:
        """Until the condition holds; it is looked at whenever something arrives."""
        async with asyncio.timeout(100):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def got(self, count: int) -> bytes:
        """The first so many bytes, when they are here."""
        await self.wait(lambda: len(self.received) >= count)
        return bytes(self.received[:count])

    async def answered(self, count: int) -> bool:
        """Wait for so many bytes or an end: whether it was the bytes."""
        await self.wait(lambda: self.ends or len(self.received) >= count)
        return not self.ends

    async def ended(self) -> list[str]:
        """What it saw besides bytes, once there is something."""
        await self.wait(lambda: self.ends)
        return self.ends


class Upstream:
    """The server behind the proxy: a new Peer for each connection, in `peers`. It echoes unless told not to."""

    def __init__(self) -> None:
        self.echo = True
        self.peers: list[Peer] = []
        self._changed = asyncio.Event()

    def accept(self) -> Peer:
        return Peer(echo=self.echo, made=self._made)

    def _made(self, peer: Peer) -> None:
        self.peers.append(peer)
        self._changed.set()

    async def peer(self, number: int = 1) -> Peer:
        """The server's end of the connection of that number, once it has come."""
        async with asyncio.timeout(60):
            while len(self.peers) < number:
                self._changed.clear()
                await self._changed.wait()
        return self.peers[number - 1]
