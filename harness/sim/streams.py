"""TCP as the two ends see it: bytes in order, FIN, RST, half-close, and retransmission over a cut link.

A Connection has two Endpoints (asyncio transports) and two Pipes, one a direction. What is written
while the link is cut is not lost: TCP keeps it and sends it again, at the times at which Linux would.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol

from harness.sim.node import Node
from harness.toxics.links import RETRANSMIT_GIVE_UP, retransmitted_at

if TYPE_CHECKING:
    from harness.sim.loop import SimLoop
    from harness.toxics.links import Link

HIGH_WATER, LOW_WATER = 64 * 1024, 16 * 1024

NO_LINGER = struct.pack("ii", 1, 0)
"""The value of SO_LINGER that makes Linux close a socket with RST."""

FIN, RST = "FIN", "RST"
Segment = bytes | str


class Pipe:
    """One direction of a connection: segments leave in order and arrive in order, strictly later."""

    def __init__(self, loop: SimLoop, link: Link, sender: Endpoint, receiver: Endpoint) -> None:
        self.loop, self.link = loop, link
        self.sender, self.receiver = sender, receiver
        self.stalled: deque[tuple[int, Segment]] = deque()
        self.last_arrival = 0
        self._last_sent = -1
        self._joined: list[bytes] = []  # bytes written at one instant travel as one segment
        self._give_up: asyncio.TimerHandle | None = None

    def send(self, segment: Segment) -> None:
        """Put a segment on the wire; it waits here while the link is cut."""
        if self.stalled or self.link.blocks(self.sender.connection.client.name):
            self.stall(segment)
        elif self._last_sent == self.loop.now and isinstance(segment, bytes) and self._joined:
            self._joined.append(segment)
        else:
            self._transmit(segment)

    def stall(self, segment: Segment) -> None:
        if not self.stalled:
            self.link.stalled[self] = None
            self._give_up = self.loop.call_at_ns(
                self.loop.now + RETRANSMIT_GIVE_UP, self.sender.timed_out, context=self.sender.context
            )
        self.stalled.append((self.loop.now, segment))

    def _transmit(self, segment: Segment) -> None:
        delay = self.link.draw_delay(self.sender.connection.client.name)
        self.last_arrival = max(self.last_arrival + 1, self.loop.now + delay)
        self._last_sent = self.loop.now
        self._joined = [segment] if isinstance(segment, bytes) else []
        self.loop.call_at_ns(
            self.last_arrival, self._arrive, self._joined or segment, context=self.receiver.context
        )

    def _arrive(self, what: list[bytes] | str) -> None:
        if what is self._joined:
            self._joined = []
        if isinstance(what, list):
            self.receiver.received(what[0] if len(what) == 1 else b"".join(what))
        else:
            self.receiver.received(what)

    def healed(self) -> None:
        """The link is open again: what waits is sent at TCP's next retransmission."""
        if self.stalled:
            at = retransmitted_at(self.stalled[0][0], self.loop.now)
            self.loop.call_at_ns(at, self._retransmit)

    def _retransmit(self) -> None:
        if not self.stalled or self.link.is_cut:
            return
        self._forget_stall()
        waiting, self.stalled = self.stalled, deque()
        for _, segment in waiting:
            self.send(segment)

    def _forget_stall(self) -> None:
        self.link.stalled.pop(self, None)
        if self._give_up is not None:
            self._give_up.cancel()

    def drop(self) -> None:
        """Nothing more leaves: the sender is gone."""
        self._forget_stall()
        self.stalled.clear()


class IdleSocket:
    """A socket that only carries its connection from `sock_connect` to `create_connection`."""

    def __init__(self, family: int = socket.AF_INET, type: int = socket.SOCK_STREAM, proto: int = 0) -> None:
        self.family, self.type, self.proto = family, type, proto
        self.connection: Connection | None = None

    def setblocking(self, flag: bool) -> None:
        """Nothing blocks here."""

    def close(self) -> None:
        """Close what was connected and nobody has taken over."""
        if self.connection is not None:
            self.connection.near.close()
            self.connection = None


class FakeSocket:
    """What libraries ask of a transport's socket."""

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP

    def __init__(self, local: tuple[str, int], remote: tuple[str, int], endpoint: Endpoint) -> None:
        self._local, self._remote, self._endpoint = local, remote, endpoint

    def getsockname(self) -> tuple[str, int]:
        return self._local

    def getpeername(self) -> tuple[str, int]:
        return self._remote

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """SO_LINGER with no time makes closing a reset; other options change nothing here."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
            self._endpoint.resets_on_close = value == NO_LINGER

    def fileno(self) -> int:
        return -1


class Endpoint(asyncio.Transport):
    """One end of a connection, as an asyncio transport."""

    def __init__(self, loop: SimLoop, node: Node, connection: Connection, process: object = None) -> None:
        super().__init__()
        self.loop, self.node, self.connection, self.process = loop, node, connection, process
        self.context: Context = node.context(process)
        self.pipe: Pipe
        self.peer: Endpoint
        self.protocol: Any = None
        self.closed = False  # the application sees no more of it
        self._unread: deque[Segment] = deque()
        self._reading = True
        self._sent_fin = False
        self.resets_on_close = False
        self._writing_paused = False
        node.endpoints[self] = None

    # -- from the wire -----------------------------------------------------------------------------

    def received(self, segment: Segment) -> None:
        """A segment has arrived in the kernel; the application gets it when it reads."""
        if self.closed:
            # a closed socket answers data with RST, and stays silent to FIN and RST
            if isinstance(segment, bytes):
                self.pipe.send(RST)
        elif segment is RST:
            self._lose_to_reset()
        else:
            self._unread.append(segment)
            self._deliver()

    def _lose_to_reset(self) -> None:
        self.pipe.drop()
        self._lose(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "reset by peer")

    def _deliver(self) -> None:
        while self._unread and self._reading and not self.closed and self.protocol is not None:
            segment = self._unread.popleft()
            if isinstance(segment, bytes):
                data = self.connection.observe_arrival(self, segment)
                if data:
                    self.protocol.data_received(data)
                self.peer._drained()
            elif self.connection.lets_eof_through(self) and not self.protocol.eof_received():
                self._close("closed by peer")

    def timed_out(self) -> None:
        """TCP gave up on data that was never acknowledged."""
        self.pipe.drop()
        self._lose(TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "timed out")

    def _lose(self, error: Exception | None, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self.node.endpoints.pop(self, None)
            self.connection.ended(self, reason)
            self.loop.call_soon(self._tell_lost, error, context=self.context)

    def _tell_lost(self, error: Exception | None) -> None:
        if self.protocol is not None:
            self.protocol.connection_lost(error)

    # -- the transport -----------------------------------------------------------------------------

    def attach(self, protocol: Any) -> None:
        """Hand the connection to its protocol."""
        self.protocol = protocol
        protocol.connection_made(self)
        self._deliver()

    def write(self, data: Any) -> None:
        if self.closed or self._sent_fin or not data:
            return
        data = self.connection.observe_departure(self, bytes(data))
        if data:
            self.pipe.send(data)
            self._check_high_water()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        if not (self.closed or self._sent_fin):
            self._sent_fin = True
            self.pipe.send(FIN)

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self._close("gave up waiting")

    abort = close

    def _force_close(self, error: Exception | None) -> None:
        """asyncio's TLS ends a connection that failed with it."""
        if not self.closed:
            self.pipe.send(RST) if self._unread else self.write_eof()
            self._lose(error, str(getattr(error, "reason", None) or error or "gave up waiting"))

    def killed(self) -> None:
        """The process died: the kernel closes its sockets, and nobody is told here."""
        self.protocol = None
        if self.connection.surface is not None and self is self.connection.near:
            self.connection.surface.forget()
        self._close("killed")

    def _close(self, reason: str) -> None:
        if self.closed:
            return
        if self.resets_on_close or any(segment is not FIN for segment in self._unread):
            # Linux: so does closing with unread data
            self.pipe.send(RST)
        else:
            self.write_eof()
        self._lose(None, reason)

    def reset(self) -> None:
        """Both ends lose the connection: this one at once, the other when the RST arrives."""
        if not self.closed:
            self.pipe.send(RST)
            self._lose_to_reset()

    def is_closing(self) -> bool:
        return self.closed

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol  # type: ignore[no-any-return]

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            self.loop.call_soon(self._deliver, context=self.context)

    def is_reading(self) -> bool:
        return self._reading and not self.closed

    def get_write_buffer_size(self) -> int:
        stalled = sum(len(segment) for _, segment in self.pipe.stalled)
        return stalled + sum(len(segment) for segment in self.peer._unread)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return LOW_WATER, HIGH_WATER

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The limits are those of the kernel here."""

    def _check_high_water(self) -> None:
        is_waiting = self.pipe.stalled or self.peer._unread
        if is_waiting and not self._writing_paused and self.get_write_buffer_size() > HIGH_WATER:
            self._writing_paused = True
            self.protocol.pause_writing()

    def _drained(self) -> None:
        if self._writing_paused and not self.closed and self.get_write_buffer_size() <= LOW_WATER:
            self._writing_paused = False
            self.loop.call_soon(self.protocol.resume_writing, context=self.context)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        address = self.connection.addresses
        local, remote = address if self is self.connection.near else address[::-1]
        known = {"peername": lambda: remote, "sockname": lambda: local}
        known["socket"] = lambda: FakeSocket(local, remote, self)  # type: ignore[assignment,return-value]
        return known[name]() if name in known else default


class Observer(Protocol):
    """Watches and may change what passes the client's end of a connection."""

    def departure(self, data: bytes) -> bytes:
        """The client sends `data`; what is returned is sent."""
        ...

    def arrival(self, data: bytes) -> bytes:
        """The client would read `data`; what is returned is read."""
        ...

    def lets_eof_through(self) -> bool:
        """The server has closed its end: whether the client gets to know."""
        ...

    def lost(self, reason: str) -> None:
        """The client's end is closed; `reason` says how it came about."""
        ...


class Unobserved:
    """Lets everything pass."""

    def departure(self, data: bytes) -> bytes:
        return data

    def arrival(self, data: bytes) -> bytes:
        return data

    def lets_eof_through(self) -> bool:
        return True

    def lost(self, reason: str) -> None:
        """Nobody is told."""


class Connection:
    """A TCP connection: `near` is the client's end, which that process of it holds, `far` the server's."""

    def __init__(
        self,
        loop: SimLoop,
        client: Node,
        server: Node,
        port: int,
        links: tuple[Link, Link],
        process: object = None,
    ) -> None:
        self.client, self.server = client, server
        self.addresses = (client.address, client.new_port()), (server.address, port)
        self.near, self.far = Endpoint(loop, client, self, process), Endpoint(loop, server, self)
        self.near.peer, self.far.peer = self.far, self.near
        self.near.pipe = Pipe(loop, links[0], self.near, self.far)
        self.far.pipe = Pipe(loop, links[1], self.far, self.near)
        self.observer: Observer = Unobserved()
        self.encrypted = False  # then the observer is on the client's `surface`, above TLS, and not here
        self.surface: Any = None
        self.on_end: Callable[[Connection], None] | None = None

    def observe_departure(self, endpoint: Endpoint, data: bytes) -> bytes:
        return self.observer.departure(data) if endpoint is self.near and not self.encrypted else data

    def observe_arrival(self, endpoint: Endpoint, data: bytes) -> bytes:
        return self.observer.arrival(data) if endpoint is self.near and not self.encrypted else data

    def lets_eof_through(self, endpoint: Endpoint) -> bool:
        return endpoint is self.far or self.encrypted or self.observer.lets_eof_through()

    def ended(self, endpoint: Endpoint, reason: str) -> None:
        """One end is closed; forget the connection when both are."""
        if endpoint is self.near:
            self.observer.lost(reason)
        if self.near.closed and self.far.closed and self.on_end is not None:
            self.on_end(self)
