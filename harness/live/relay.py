"""The relay before the API: each worker has a port of its own, so its faults strike nobody else.

What a client meets here is what it would meet on a network: a connection that a partition keeps waiting, RST, a
port that refuses while the server is down. One thing differs and cannot be helped: a relay has finished the
client's handshake before it knows whether the server will take the connection.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from harness.live.apart import Apart
from harness.live.handshakes import waiting
from harness.live.way import END, Way
from harness.toxics.exchanges import HttpTap
from harness.toxics.links import Links

BACKLOG = 512
#: Bytes on one way beyond which its sender has to wait, as with a full TCP window.
WINDOW = 1 << 20
#: How long such a sender waits, in seconds, before its bytes are read again.
WAIT = 0.05
#: Seconds between two looks at handshakes that a cut leaves unanswered.
LOOK = 0.1

MakeTap = Callable[["Relayed"], HttpTap]
Listen = Callable[[int], socket.socket]
"""What makes a listening socket, at that port or, for 0, at any."""


def on_loopback(port: int) -> socket.socket:
    """A socket that listens on the machine itself."""
    return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)


class Relay:
    """A listening port for one source, relaying to the target's address."""

    def __init__(
        self,
        *,
        source: str,
        target: str,
        upstream: tuple[str, int],
        links: Links,
        now: Callable[[], int],
        make_tap: MakeTap,
        listen: Listen = on_loopback,
    ) -> None:
        self.source, self.target, self.upstream = source, target, upstream
        self.forth, self.back = links.between(source, target), links.between(target, source)
        self.now, self.make_tap, self._listen = now, make_tap, listen
        self.connections: dict[Relayed, None] = {}
        self._apart: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._listener: socket.socket | None = None
        self._plugs: list[socket.socket] = []
        self._unanswered: set[int] = set()
        self._looking: asyncio.TimerHandle | None = None
        self.address = ("127.0.0.1", 0)
        self.up()

    def up(self) -> None:
        """Take connections, at the same address as before."""
        if self._listener is None:
            self._listener = self._listen(self.address[1])
            self._listener.setblocking(False)
            self.address = self._listener.getsockname()
            self._loop.add_reader(self._listener, self._accept)

    def down(self) -> None:
        """Refuse connections, and close those there are, as a kernel does when the server's process ends."""
        self.unplug()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for connection in list(self.connections):
            connection.close()
        for task in self._apart:
            task.cancel()

    def plug(self) -> None:
        """Leave handshakes unanswered: Linux drops a SYN while the queue of a listener is full."""
        if self._listener is None or self._plugs:
            return
        self._loop.remove_reader(self._listener)
        self._accept()  # whoever was here before the cut
        self._listener.listen(0)
        for _ in range(3):  # one fills the queue of length 0; the others make sure
            plug = socket.socket()
            plug.setblocking(False)
            with suppress(BlockingIOError):
                plug.connect(self.address)
            self._plugs.append(plug)
        self._unanswered = {plug.getsockname()[1] for plug in self._plugs}
        self._look()

    def _look(self) -> None:
        """Each handshake that is left unanswered is a strike of the cut, once."""
        for port in waiting(self.address) - self._unanswered:
            self._unanswered.add(port)
            _ = self.forth.blocks(self.source) or self.back.blocks(self.source)
        self._looking = self._loop.call_later(LOOK, self._look)

    def heed_links(self) -> None:
        """A link was cut or is whole again: handshakes go as data does."""
        if self.forth.is_cut or self.back.is_cut:
            self.plug()
        else:
            self.unplug()

    def unplug(self) -> None:
        """Answer handshakes again; who waits gets through at the next SYN it sends."""
        if self._listener is None or not self._plugs:
            return
        if self._looking is not None:
            self._looking.cancel()
        ours = {plug.getsockname() for plug in self._plugs}
        for plug in self._plugs:
            plug.close()
        self._plugs.clear()
        self._listener.listen(BACKLOG)
        self._accept(ignore=ours)
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self, ignore: Collection[Any] = ()) -> None:
        assert self._listener is not None
        with suppress(BlockingIOError):
            while True:
                client, address = self._listener.accept()
                if address in ignore:
                    client.close()
                else:
                    self._loop.create_task(self._relay(client), name=f"relay for {self.source}")

    def send_apart(self, request: bytes) -> None:
        """The server gets the request, if it is up, on a connection that no client holds."""
        if self._listener is not None:
            apart = Apart(request, link=self.forth, victim=self.source, now=self.now)
            task = self._loop.create_task(apart.run(self.upstream), name=f"apart for {self.source}")
            self._apart.add(task)
            task.add_done_callback(self._apart.discard)

    async def _relay(self, client: socket.socket) -> None:
        connection = Relayed(self)
        self.connections[connection] = None
        await self._loop.connect_accepted_socket(lambda: connection.near, client)
        try:
            await self._loop.create_connection(lambda: connection.far, *self.upstream)
        except OSError:
            connection.abort()


class Relayed:
    """One relayed connection: `near` is the client's side, `far` the server's."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.near, self.far = _Side(self._depart, self.lost), _Side(self._answer, self._server_lost)
        self.tap = relay.make_tap(self)
        self.forth = Way(link=relay.forth, victim=relay.source, now=relay.now, deliver=self.far.write)
        self.back = Way(link=relay.back, victim=relay.source, now=relay.now, deliver=self._arrive)

    # -- what the client says and reads ----------------------------------------------------------------

    def _depart(self, chunk: bytes) -> None:
        if chunk is END:
            self.tap.lost("closed by the client")  # nobody who still waits for a reply closes
        elif not (chunk := self.tap.departure(chunk)):
            return
        self.forth.send(chunk)
        self.near.heed(self.forth.pending)

    def _answer(self, chunk: bytes) -> None:
        self.back.send(chunk)
        self.far.heed(self.back.pending)

    def _arrive(self, chunk: bytes) -> None:
        if chunk is END:
            if self.tap.lets_eof_through():
                self.near.write(END)
        elif chunk := self.tap.arrival(chunk):
            self.near.write(chunk)

    # -- what the tap can do: harness.toxics.exchanges.Wire ----------------------------------------------

    def later(self, delay: float, do: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(delay, do)

    def receive(self, data: bytes) -> None:
        self._arrive(data)

    def hang_up(self) -> None:
        self._arrive(END)

    def send(self, data: bytes) -> None:
        self.forth.send(data)

    def send_apart(self, data: bytes) -> None:
        self.relay.send_apart(data)

    # -- the end ---------------------------------------------------------------------------------------

    def lost(self, error: Exception | None) -> None:
        """The client's side is closed."""
        self.tap.lost("closed by the client" if error is None else f"{error}")
        self._forget()
        self.far.abort() if error else self.forth.send(END)

    def _server_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.abort()

    def close(self) -> None:
        """The server is gone: FIN for the client."""
        self.tap.lost("closed by peer")
        self.near.close()
        self.far.abort()
        self._forget()

    def reset(self) -> None:
        """Both ends lose the connection to RST."""
        self.tap.lost("reset by peer")
        self.near.abort()
        self.far.abort()
        self._forget()

    abort = reset

    def _forget(self) -> None:
        self.back.close()
        self.relay.connections.pop(self, None)


class _Side(asyncio.Protocol):
    """One socket of a relayed connection; what is written before it is connected waits."""

    def __init__(self, take: Callable[[bytes], None], lost: Callable[[Exception | None], None]) -> None:
        self._take, self._lost = take, lost
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._aborted = self._heard_end = self._said_end = self._ended = False
        self._left = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if self._aborted:
            self.abort()
        for chunk in self._early:
            self.write(chunk)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def eof_received(self) -> bool:
        self._heard_end = True
        self._take(END)
        return not self._said_end  # half-closed: the other way may go on

    def connection_lost(self, exc: Exception | None) -> None:
        self.left()  # its socket is open for the last time
        self._ended = True
        self._lost(exc)

    def write(self, chunk: bytes) -> None:
        """Write a chunk; END closes this way."""
        if self._transport is None:
            self._early.append(chunk)
        elif self._transport.is_closing():
            return
        elif chunk is END:
            self._said_end = True
            if self._heard_end:
                self._transport.close()
            else:
                self._transport.write_eof()
        else:
            self._transport.write(chunk)

    def left(self) -> tuple[int, bool]:
        """How many bytes the peer's kernel has not acknowledged, and whether the connection has ended."""
        if self._transport is not None and not self._ended:
            self._measure(self._transport)
        return self._left, self._ended

    def _measure(self, transport: asyncio.Transport) -> None:
        sock, unsent = transport.get_extra_info("socket"), transport.get_write_buffer_size()
        self._left = unsent + struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]

    def heed(self, pending: int) -> None:
        """Read no more while the other side has so much to take."""
        if self._transport is not None and pending > WINDOW:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(WAIT, self._transport.resume_reading)

    def close(self) -> None:
        """Close, once what was written has left."""
        self._aborted = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close with RST."""
        self._aborted = True
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
