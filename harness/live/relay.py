"""The relay before the API: each worker has a port of its own, so its faults strike nobody else.

What a client meets here is what it would meet on a network: a connection that a partition keeps waiting, RST, a
port that refuses while the server is down. One thing differs and cannot be helped: a relay has finished the
client's handshake before it knows whether the server will take the connection.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Protocol

from harness.live.apart import Apart
from harness.live.binding import on_loopback
from harness.live.handshakes import waiting
from harness.live.sides import Side, TlsSide
from harness.live.way import END, Way
from harness.tls.session import Session
from harness.toxics.links import Links

BACKLOG = 512
#: Seconds between two looks at handshakes that a cut leaves unanswered.
LOOK = 0.1


class Tap(Protocol):
    """What watches the client's end of a relayed connection, and may change what passes there."""

    def departure(self, data: bytes) -> bytes:
        """The client has sent `data`; what is returned is sent on."""
        ...

    def arrival(self, data: bytes) -> bytes:
        """The client would get `data`; what is returned it gets."""
        ...

    def lets_eof_through(self) -> bool:
        """The server has closed its end: whether the client gets to know."""
        ...

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        ...


MakeTap = Callable[["Relayed"], Tap]
Bind = Callable[[int], socket.socket]
"""What makes a socket that is bound to that port or, for 0, to any, with SO_REUSEADDR."""
MakeSession = Callable[[str], Session]
"""Takes the source's name; the server's end of a TLS session for a connection of it."""
Refusal = Callable[[str, ssl.SSLError | None], None]
"""Called with the source's name when a TLS handshake with it failed, and with what failed here."""


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
        bind: Bind = on_loopback,
        make_session: MakeSession | None = None,
        on_refusal: Refusal = lambda source, error: None,
    ) -> None:
        self.source, self.target, self.upstream = source, target, upstream
        self.forth, self.back = links.between(source, target), links.between(target, source)
        self.now, self.make_tap, self._bind = now, make_tap, bind
        self._make_session, self._on_refusal = make_session, on_refusal
        self.connections: dict[Relayed, None] = {}
        self._apart: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._listener: socket.socket | None = None
        self._held: socket.socket | None = None
        self._plugs: list[socket.socket] = []
        self._unanswered: set[int] = set()
        self._looking: asyncio.TimerHandle | None = None
        self.address = ("127.0.0.1", 0)
        self.up()

    def up(self) -> None:
        """Take connections, at the same address as before."""
        if self._listener is None:
            self._listener = self._bind(self.address[1])
            self._listener.listen(BACKLOG)
            self._listener.setblocking(False)
            self._let_go()
            self.address = self._listener.getsockname()
            self._loop.add_reader(self._listener, self._accept)

    def down(self, *, comes_back: bool = False) -> None:
        """Refuse connections, and close those there are, as a kernel does when the server's process ends.

        Of one that comes back the port is held.
        """
        self.unplug()
        if not comes_back:
            self._let_go()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for connection in list(self.connections):
            connection.close()
        for task in self._apart:
            task.cancel()
        if comes_back and self._held is None:
            self._held = self._bind(self.address[1])

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

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

    def near_side(self, connection: Relayed) -> Side | TlsSide:
        """The client's side of a new connection; where there is TLS, it ends here."""
        if self._make_session is None:
            return Side(connection.depart, connection.lost)
        return TlsSide(
            connection.depart,
            connection.lost,
            session=self._make_session(self.source),
            refused=lambda error: self._on_refusal(self.source, error),
        )

    async def _relay(self, client: socket.socket) -> None:
        connection = Relayed(self)
        self.connections[connection] = None
        await self._loop.connect_accepted_socket(lambda: connection.near.protocol, client)
        try:
            await self._loop.create_connection(lambda: connection.far, *self.upstream)
        except OSError:
            connection.abort()


class Relayed:
    """One relayed connection: `near` is the client's side, `far` the server's."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.near, self.far = relay.near_side(self), Side(self._answer, self._server_lost)
        self.tap = relay.make_tap(self)
        self.forth = Way(link=relay.forth, victim=relay.source, now=relay.now, deliver=self.far.write)
        self.back = Way(link=relay.back, victim=relay.source, now=relay.now, deliver=self._arrive)

    # -- what the client says and reads ----------------------------------------------------------------

    def depart(self, chunk: bytes) -> None:
        if chunk is END:
            self.tap.lost("closed by the client")  # nobody who still waits for a reply closes
        elif not (chunk := self.tap.departure(chunk)):
            return
        self.forth.send(chunk)
        self.near.heed(self.forth)

    def _answer(self, chunk: bytes) -> None:
        self.back.send(chunk)
        self.far.heed(self.back)

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
