"""The simulated network: named hosts, links between them, DNS, connecting and listening."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextvars import Context
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import TYPE_CHECKING, Any

from harness.model.faults import Direction
from harness.sim.node import NODE, PROCESS, Node, here
from harness.sim.streams import Connection, IdleSocket, Observer, Unobserved
from harness.sim.tls import Surface, why, wrap_client
from harness.toxics.links import Link, Links, Strike, on_link
from harness.units import NANOSECONDS

if TYPE_CHECKING:
    from harness.rng import Streams
    from harness.sim.loop import SimLoop

SYN_RETRIES = tuple(seconds * NANOSECONDS for seconds in (1, 3, 7, 15, 31, 63))
SYN_GIVE_UP = 127 * NANOSECONDS
"""Linux: an unanswered SYN is sent again after 1, 3, 7, … 63 s and given up after 127 s."""

_KERNEL = Context()
"""Where no process runs: what the kernel does goes on while processes are stopped or dead."""

NOBODY = "10.255.255.254"
"""An address that no host has."""

Observe = Callable[[Connection], Observer]
OverTls = Callable[[str, Any], Any]
"""Takes a client's name and the program's protocol; what stands between the two and speaks TLS."""

OF_PROCESS = SSLContext(PROTOCOL_TLS_CLIENT)
"""Stands for the TLS context of the process that connects, where one module serves the processes of all nodes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BadNames:
    """Hosts that fit `target` get no answer to what they look up; with `stale`, an address of nobody."""

    target: str
    stale: bool
    strike: Strike


class Network:
    """Hosts and the links between them. `delay` and `jitter` of a link without faults: nanoseconds, one way."""

    def __init__(self, loop: SimLoop, streams: Streams, *, delay: int, jitter: int) -> None:
        self.loop = loop
        self.links = Links(streams, delay=delay, jitter=jitter)
        self.hosts: dict[str, Node] = {}
        self.connections: dict[Connection, None] = {}
        self.observe: Observe = lambda connection: Unobserved()
        self.on_connect_failure: Callable[[Node, str], None] = lambda node, reason: None
        self.bad_names: list[BadNames] = []
        loop.network = self

    # -- hosts ---------------------------------------------------------------------------------------

    def boot(self, name: str) -> Node:
        """A host of that name starts: a new node with the address it always has."""
        known = list(self.hosts)
        place = known.index(name) if name in known else len(known)
        address = f"10.{place >> 16 & 255}.{place >> 8 & 255}.{(place & 255)}"
        node = Node(name, address)
        self.hosts[name] = node
        return node

    def kill(self, node: Node) -> None:
        """All processes of the node die at once; the kernel closes their connections."""
        node.alive = False
        node.ports.clear()
        for endpoint in list(node.endpoints):
            endpoint.killed()
        self.loop.halt(node)

    def kill_main(self, node: Node) -> None:
        """The worker's own process dies; the kernel closes its connections, and the node's other processes go on."""
        node.signal_handlers.clear()
        for endpoint in list(node.endpoints):
            if endpoint.process is node.main:
                endpoint.killed()
        self.loop.halt(node.main)

    def getaddrinfo(self, host: Any, port: Any) -> list[Any]:
        """The addresses of a host's name. Raises socket.gaierror for a name nobody has, or that gets no answer."""
        name = host.decode() if isinstance(host, bytes) else host
        node = self._find(name)
        if node is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = self._looked_up(node) if self.bad_names and name in self.hosts else node.address
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, int(port)))]

    def _looked_up(self, node: Node) -> str:
        """What the name service tells the node that asks."""
        client = NODE.get()
        for bad in self.bad_names:
            if client is not None and fnmatchcase(client.name, bad.target):
                bad.strike(client.name, "got an address of nobody" if bad.stale else "no name was found")
                if bad.stale:
                    return NOBODY
                reason = "Temporary failure in name resolution"
                self.on_connect_failure(client, reason)
                raise socket.gaierror(socket.EAI_AGAIN, reason)
        return node.address

    def _find(self, host: str) -> Node | None:
        if host in self.hosts:
            return self.hosts[host]
        return next((node for node in self.hosts.values() if node.address == host), None)

    def forget(self) -> None:
        """The world is over: what is still open is nobody's to close."""
        for connection in self.connections:
            if connection.surface is not None:
                connection.surface.forget()

    def connections_between(self, a: str, b: str) -> list[Connection]:
        """The connections between hosts that fit the patterns, as far as their clients still hold them."""
        return [
            connection
            for connection in self.connections
            if not connection.near.closed
            and on_link(a, b, Direction.BOTH, connection.client.name, connection.server.name)
        ]

    # -- connecting and listening ------------------------------------------------------------------------

    def create_server(
        self,
        protocol_factory: Callable[[], Any],
        host: str | None = None,
        port: int = 0,
        *,
        over_tls: OverTls | None = None,
        **_: Any,
    ) -> SimServer:
        """Listen on a port of the node that asks; `over_tls` gives each client its TLS, which ends there."""
        node = here()
        server = SimServer(node, port, protocol_factory, over_tls)
        if port in node.ports:
            raise OSError(errno.EADDRINUSE, f"port {port} of {node.name} is in use")
        node.ports[port] = server
        return server

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        *,
        sock: Any = None,
        ssl: Any = None,
        server_hostname: str | None = None,
        **_: Any,
    ) -> tuple[Any, Any]:
        """As asyncio's: connect, or take over what `sock_connect` connected; with `ssl`, shake hands then."""
        if sock is not None:
            connection, sock.connection = sock.connection, None
        else:
            connection = await self.connect(self.getaddrinfo(host, port)[0][4])
        protocol = protocol_factory()
        if ssl:
            context = here().tls_context if ssl is OF_PROCESS else ssl
            surface = await self._shake_hands(connection, protocol, context, server_hostname or host)
            return surface, protocol
        connection.near.attach(protocol)
        return connection.near, protocol

    async def _shake_hands(self, connection: Connection, protocol: Any, context: Any, name: str) -> Surface:
        try:
            return await wrap_client(connection, protocol, context=context, server_hostname=name)
        except OSError as error:
            self.on_connect_failure(connection.client, why(error))
            raise
        except asyncio.CancelledError:
            self.on_connect_failure(connection.client, "gave up connecting")
            raise

    async def sock_connect(self, sock: IdleSocket, address: tuple[str, int]) -> None:
        """Connect; `create_connection(sock=…)` goes on from there."""
        sock.connection = await self.connect(address)

    async def connect(self, address: tuple[str, int]) -> Connection:
        """The TCP handshake from the node that asks. Raises OSError as Linux does."""
        client = here()
        attempt = _Handshake(self, client, address)
        try:
            return await attempt.run()
        except OSError as error:
            self.on_connect_failure(client, error.strerror or str(error))
            raise
        except asyncio.CancelledError:
            self.on_connect_failure(client, "gave up connecting")
            raise

    def establish(
        self, client: Node, server: Node, port: int, process: object = None, *, behind_tls: bool = False
    ) -> Connection:
        """The SYN has arrived: a new connection of that process, whose far end the server's protocol has taken.

        `behind_tls` reaches the program as whatever ends the TLS before it does.
        """
        links = self.links.between(client.name, server.name), self.links.between(server.name, client.name)
        connection = Connection(self.loop, client, server, port, links, process)
        listening = server.ports[port]
        connection.encrypted = listening.over_tls is not None and not behind_tls
        connection.observer = self.observe(connection)
        connection.on_end = lambda ended: self.connections.pop(ended, None) and None
        self.connections[connection] = None
        over_tls = listening.over_tls if connection.encrypted else None
        self.loop.call_soon(
            _accept, connection, listening.protocol_factory, over_tls, context=connection.far.context
        )
        return connection


def _accept(connection: Connection, protocol_factory: Callable[[], Any], over_tls: OverTls | None) -> None:
    if not connection.far.closed:
        protocol = protocol_factory()
        connection.far.attach(over_tls(connection.client.name, protocol) if over_tls else protocol)


class _Handshake:
    """One attempt to connect: SYN, its retries, and the answer."""

    def __init__(self, network: Network, client: Node, address: tuple[str, int]) -> None:
        self.network, self.client, self.address = network, client, address
        self.loop, self.process = network.loop, PROCESS.get()
        self.begun = self.loop.now
        self.done: asyncio.Future[Connection] = self.loop.create_future()

    async def run(self) -> Connection:
        server = self.network._find(self.address[0])
        if server is None:
            raise OSError(errno.EHOSTUNREACH, "No route to host")
        self.server_name = server.name
        give_up = self.loop.call_at_ns(
            self.begun + SYN_GIVE_UP, self._fail, errno.ETIMEDOUT, "Connection timed out"
        )
        try:
            self._send_syn(iter(SYN_RETRIES))
            return await self.done
        except asyncio.CancelledError:
            if self.done.done() and not self.done.cancelled() and self.done.exception() is None:
                self.done.result().near.close()  # connected, but its caller was cancelled before it knew
            raise
        finally:
            give_up.cancel()

    def _send_syn(self, retries: Iterator[int]) -> None:
        if self.done.done() or not self.client.alive:
            return
        forth = self.network.links.between(self.client.name, self.server_name)
        back = self.network.links.between(self.server_name, self.client.name)
        if forth.blocks(self.client.name) or back.blocks(self.client.name):
            self._send_again(retries)
        else:
            arrives = self.loop.now + forth.draw_delay(self.client.name)
            self.loop.call_at_ns(arrives, self._arrive, back, retries, context=_KERNEL)

    def _send_again(self, retries: Iterator[int]) -> None:
        again = next((retry for retry in retries if self.begun + retry > self.loop.now), None)
        if again is not None:
            self.loop.call_at_ns(self.begun + again, self._send_syn, retries, context=_KERNEL)

    def _arrive(self, back: Link, retries: Iterator[int]) -> None:
        if self.done.done() or not self.client.alive:
            return
        if back.blocks(self.client.name):  # cut while the SYN was on its way: the answer is lost
            self._send_again(retries)
            return
        server = self.network.hosts[self.server_name]
        replied = self.loop.now + back.draw_delay(self.client.name)
        if not server.alive or self.address[1] not in server.ports:
            self.loop.call_at_ns(
                replied, self._fail, errno.ECONNREFUSED, "Connection refused", context=_KERNEL
            )
            return
        connection = self.network.establish(self.client, server, self.address[1], self.process)
        self.loop.call_at_ns(replied, self._connected, connection, context=_KERNEL)

    def _connected(self, connection: Connection) -> None:
        if self.done.done():  # the client gave up meanwhile: its kernel answers RST
            connection.near.reset()
        else:
            self.done.set_result(connection)

    def _fail(self, code: int, text: str) -> None:
        if not self.done.done():
            self.done.set_exception(OSError(code, text))


class SimServer(asyncio.AbstractServer):
    """What create_server returns: a listening port."""

    def __init__(
        self, node: Node, port: int, protocol_factory: Callable[[], Any], over_tls: OverTls | None = None
    ) -> None:
        self.node, self.port, self.protocol_factory, self.over_tls = node, port, protocol_factory, over_tls
        self.sockets: tuple[Any, ...] = ()

    def close(self) -> None:
        self.node.ports.pop(self.port, None)

    def is_serving(self) -> bool:
        return self.port in self.node.ports

    async def start_serving(self) -> None:
        """It serves from the start."""

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async def serve_forever(self) -> None:
        await asyncio.get_running_loop().create_future()

    async def wait_closed(self) -> None:
        """Closing takes no time."""
