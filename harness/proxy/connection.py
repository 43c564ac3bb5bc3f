"""One proxied connection: two sockets, and a chain of toxics for each direction.

asyncio Protocols, not streams: twice the throughput. Half-closed connections stay half-open, and what breaks one
side with RST breaks the other with RST.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, Protocol

from harness.toxics.chain import Chain
from harness.toxics.named import Stream
from harness.toxics.toxic import Item, Mark

NO_LINGER = struct.pack("ii", 1, 0)
WRITE_BUFFER = 1 << 20
"""Bytes that may wait for a socket before the other side is read no more."""


class Owner(Protocol):
    """The proxy a connection belongs to."""

    def forget(self, connection: Connection) -> None:
        """Both sides are closed."""
        ...


class Connection:
    """`near` is the client's side, `far` the upstream's. `draw` gives the random stream of a toxic's stage."""

    def __init__(self, owner: Owner, *, draw: Callable[[str], Random]) -> None:
        self.owner = owner
        self.near, self.far = Side(self), Side(self)
        self.near.peer, self.far.peer = self.far, self.near
        self.chains = {
            Stream.UPSTREAM: Chain(self.far.deliver, draw=draw, drained=self.near.heed),
            Stream.DOWNSTREAM: Chain(self.near.deliver, draw=draw, drained=self.far.heed),
        }
        self.near.chain, self.far.chain = self.chains[Stream.UPSTREAM], self.chains[Stream.DOWNSTREAM]
        self.dialling: asyncio.Task[None] | None = None
        self.over = False

    def close(self) -> None:
        """Close both sides once what they were given is sent."""
        self._end(Side.close)

    def abort(self) -> None:
        """Close both sides at once."""
        self._end(Side.abort)

    def reset(self) -> None:
        """Break both sides with RST."""
        self._end(Side.reset)

    def _end(self, how: Callable[[Side], None]) -> None:
        if not self.over:
            self.over = True
            for chain in self.chains.values():
                chain.drop()
            if self.dialling is not None:
                self.dialling.cancel()
        how(self.near)  # again, perhaps: who was closing and takes nothing can still be aborted
        how(self.far)
        self.settle()

    def settle(self) -> None:
        """Have the owner forget the connection if both sides are gone."""
        if self.near.is_gone and (self.far.is_gone or (self.over and self.far.transport is None)):
            self.over = True
            for chain in self.chains.values():
                chain.drop()
            self.owner.forget(self)


class Side(asyncio.Protocol):
    """One socket of a connection; what is delivered before it is connected waits."""

    peer: Side
    chain: Chain
    """What is read here goes there."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.transport: Any = None
        self.received = self.sent = 0
        self.is_gone = False  # connected once, and no longer
        self.is_blocked = False  # the socket takes no more for now
        self._said_end = False
        self._early: list[Item] = []

    # -- from the socket ---------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        if self.connection.over:
            transport.abort()
            return
        early, self._early = self._early, []
        for item in early:
            self.deliver(item)
        self.heed()
        self.peer.heed()

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self.chain.take(data)
        if self.chain.stages:
            self.heed()

    def eof_received(self) -> bool:
        self.chain.take(Mark.END)
        return True  # the other direction may go on

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        if not self.connection.over:
            self.chain.take(Mark.RESET)
            self.peer.heed()
        self.connection.settle()

    def pause_writing(self) -> None:
        self.is_blocked = True
        self.peer.heed()

    def resume_writing(self) -> None:
        self.is_blocked = False
        self.peer.heed()

    # -- to the socket -----------------------------------------------------------------------------------

    def deliver(self, item: Item) -> None:
        """The end of the peer's chain: bytes to send, or how to end."""
        if isinstance(item, bytes) and self.transport is not None:
            self.sent += len(item)
            self.transport.write(item)
        elif item is Mark.CLOSE:
            self.connection.close()
        elif item is Mark.RESET:
            self.connection.reset()
        elif self.transport is None:
            self._early.append(item)
        else:
            self._end()

    def _end(self) -> None:
        self._said_end = True
        if self.peer._said_end:
            self.connection.close()
        elif not self.transport.is_closing():
            with suppress(OSError):  # the other end is gone already; its RST is on the way
                self.transport.write_eof()

    def heed(self) -> None:
        """Read on, or no more while the peer has so much to take."""
        if self.transport is None or self.transport.is_closing():
            return
        wait = self.peer.transport is None or self.peer.is_blocked or self.chain.is_full
        if wait and self.transport.is_reading():
            self.transport.pause_reading()
        elif not wait and not self.transport.is_reading():
            self.transport.resume_reading()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        if self.transport is not None:
            with suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER
                )
            self.transport.abort()
