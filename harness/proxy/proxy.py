"""One proxy: where it listens, where it leads, its toxics and its live connections."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from functools import partial
from random import Random

from harness.proxy.addresses import Address, bind_error
from harness.proxy.connection import Connection, Side
from harness.rng import Streams
from harness.toxics.named import NamedToxic, Stream

BACKLOG = 512


class Proxy:
    """Not enabled until `start`. `listen` becomes the bound address then. Not safe for use from other threads.

    Each connection has a number; the randomness of a toxic on it depends on seed, proxy, number and toxic alone.
    """

    def __init__(self, *, name: str, listen: Address, upstream: Address, seed: int) -> None:
        self.name, self.listen, self.upstream, self.seed = name, listen, upstream, seed
        self.toxics: dict[str, NamedToxic] = {}
        self.connections: dict[Connection, None] = {}
        self.dials: set[asyncio.Task[None]] = set()  # a loop keeps no task alive by itself
        self.changing = asyncio.Lock()  # held while it starts or stops: one at a time
        self.gone = dict.fromkeys(Stream, (0, 0))  # bytes received and sent by connections that are over
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None

    @property
    def enabled(self) -> bool:
        return self._server is not None

    # -- listening ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Raises ApiError when the address cannot be had."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        try:
            host = await self.listen.resolve()
            self._server = await loop.create_server(self._accept, host, self.listen.port, backlog=BACKLOG)
        except (OSError, UnicodeError) as error:
            raise bind_error(self.listen, error) from None
        if self._server.sockets:  # the simulation has none: there, a port is what it is called
            self.listen = Address(*self._server.sockets[0].getsockname()[:2])

    async def has(self, listen: Address, upstream: Address) -> bool:
        """Whether these are its addresses; it may have been told to listen by a name. Raises ApiError for an unknown one."""
        if listen != self.listen and listen.port == self.listen.port != 0:
            try:
                listen = replace(listen, host=await listen.resolve())
            except (OSError, UnicodeError) as error:
                raise bind_error(listen, error) from None
        return (listen, upstream) == (self.listen, self.upstream)

    def stop(self) -> None:
        """Refuse connections from now on, and drop those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.abort()

    def _accept(self) -> Side:
        number = next(self._numbers)
        connection = Connection(self, draw=partial(self._draw, number))
        for toxic in self.toxics.values():
            connection.chains[toxic.stream].add(toxic)
        self.connections[connection] = None
        dial = asyncio.get_running_loop().create_task(self._dial(connection), name=f"dial for {self.name}")
        connection.dialling = dial
        self.dials.add(dial)
        dial.add_done_callback(self.dials.discard)
        return connection.near

    async def _dial(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection.far, self.upstream.host, self.upstream.port)
        except (OSError, UnicodeError):
            connection.close()

    def _draw(self, number: int, toxic: str) -> Random:
        return Streams(self.seed).named(f"{self.name}/{number}/{toxic}")

    def forget(self, connection: Connection) -> None:
        """A connection is over."""
        if connection in self.connections:
            del self.connections[connection]
            for stream, counts in _counts(connection).items():
                self.gone[stream] = _sum(self.gone[stream], counts)

    # -- toxics ------------------------------------------------------------------------------------------

    def add(self, toxic: NamedToxic) -> None:
        """Put a toxic at the end of the chain of each connection, those to come included."""
        self.toxics[toxic.name] = toxic
        for connection in list(self.connections):
            connection.chains[toxic.stream].add(toxic)

    def update(self, toxic: NamedToxic) -> None:
        """Other settings for the toxic of that name."""
        self.toxics[toxic.name] = toxic
        for connection in list(self.connections):
            connection.chains[toxic.stream].update(toxic)

    def remove(self, name: str) -> None:
        """Take a toxic off; what waited for it goes on at once."""
        toxic = self.toxics.pop(name)
        for connection in list(self.connections):
            connection.chains[toxic.stream].remove(name)

    def heal(self) -> None:
        """Take all toxics off."""
        for name in list(self.toxics):
            self.remove(name)

    # -- metrics -----------------------------------------------------------------------------------------

    def bytes_passed(self, stream: Stream) -> tuple[int, int]:
        """How many bytes were received and sent on that stream, by all connections to date."""
        total = self.gone[stream]
        for connection in self.connections:
            total = _sum(total, _counts(connection)[stream])
        return total


def _counts(connection: Connection) -> dict[Stream, tuple[int, int]]:
    near, far = connection.near, connection.far
    return {Stream.UPSTREAM: (near.received, far.sent), Stream.DOWNSTREAM: (far.received, near.sent)}


def _sum(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return a[0] + b[0], a[1] + b[1]
