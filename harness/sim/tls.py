"""TLS on the simulated network, by OpenSSL itself: its layers between a connection and the programs at both ends.

Ciphertext differs from run to run in its bytes, and passes the network unobserved: whoever watches a connection sees
the plaintext, at the client's end. How many segments there are, and when, does not depend on those bytes.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Iterable
from typing import Any

from harness.sim.streams import Connection
from harness.tls.session import Session

Refused = Callable[[ssl.SSLError], None]


def why(error: Exception) -> str:
    """Why a handshake failed, in the words of OpenSSL."""
    return f"TLS: {getattr(error, 'verify_message', '') or getattr(error, 'reason', None) or error}"


class Layer(asyncio.Transport, asyncio.Protocol):
    """A transport on another one, `below`, for whose protocol it stands; what it does not say itself, that says."""

    below: Any = None

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return False  # TLS has no half-close

    def abort(self) -> None:
        self.below.abort()

    def is_closing(self) -> bool:
        return bool(self.below.is_closing())

    def pause_reading(self) -> None:
        self.below.pause_reading()

    def resume_reading(self) -> None:
        self.below.resume_reading()

    def is_reading(self) -> bool:
        return bool(self.below.is_reading())

    def get_write_buffer_size(self) -> int:
        return int(self.below.get_write_buffer_size())

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.below.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.below.get_extra_info(name, default)


class TlsEnd(Layer):
    """One end with a Session: a protocol to the connection, a transport to the program."""

    def __init__(
        self, protocol: Any, session: Session, *, refused: Refused = lambda error: None, notify: bool = True
    ) -> None:
        super().__init__()
        self._protocol, self.session, self._refused = protocol, session, refused
        self._notify = notify  # whether closing says so; a program that just closes its socket does not
        self._over = self._begun = False

    # -- to the connection -----------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.below = transport

    def data_received(self, ciphertext: bytes) -> None:
        if self._over:
            return
        try:
            plaintext = self.session.take(ciphertext)
        except ssl.SSLError as error:
            self._refuse(error)
            return
        self.flush()
        if self.session.established and not self._begun:
            self._begun = True
            self._protocol.connection_made(self)
        if plaintext:
            self._protocol.data_received(plaintext)
        if self.session.ended and not self.is_closing() and not self._protocol.eof_received():
            self.close()

    def _refuse(self, error: ssl.SSLError) -> None:
        self._over = True
        self.flush()
        self.below.write_eof()
        if not self.session.established:
            self._refused(error)

    def flush(self) -> None:
        """Send what the session has to say."""
        self.below.write(self.session.outgoing())

    def eof_received(self) -> bool:
        return bool(self._begun and not self._over and self._protocol.eof_received())

    def connection_lost(self, error: Exception | None) -> None:
        if self._begun:
            self._protocol.connection_lost(error)

    def pause_writing(self) -> None:
        if self._begun:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        if self._begun:
            self._protocol.resume_writing()

    # -- to the program --------------------------------------------------------------------------------

    def write(self, data: Any) -> None:
        self.session.put(bytes(data))
        self.flush()

    def close(self) -> None:
        if self._notify and not self._over:
            self.session.close()
            self.flush()
        self.below.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol  # type: ignore[no-any-return]


class Surface(Layer):
    """Between TLS and the client's program: here the connection's observer reads, and here it can act."""

    def __init__(self, connection: Connection, protocol: Any) -> None:
        super().__init__()
        self._connection, self._protocol = connection, protocol
        self._observer = connection.observer
        self._withheld = self._lost = False
        connection.surface = self

    # -- to TLS ----------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.below = transport
        self._protocol.connection_made(self)

    def data_received(self, data: bytes) -> None:
        if data := self._observer.arrival(data):
            self._protocol.data_received(data)

    def eof_received(self) -> bool:
        if not self._observer.lets_eof_through():
            self._withheld = True
        elif not self._protocol.eof_received():
            self._observer.lost("closed by peer")
            self.below.close()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        if isinstance(error, ssl.SSLError):
            # with TLS 1.3 the server may refuse when the client's handshake is done
            self._observer.lost(why(error))
        if error is not None or not self._withheld:
            self._protocol.connection_lost(error)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def hang_up(self) -> None:
        """The news that the server has closed its end arrives."""
        self.eof_received()

    def forget(self) -> None:
        """The program is gone with its process; asyncio's transport would complain that nobody has closed it."""
        if self.below is not None:
            self.below._closed = True

    # -- to the program --------------------------------------------------------------------------------

    def write(self, data: Any) -> None:
        if sent := self._observer.departure(bytes(data)):
            self.below.write(sent)

    def send(self, data: bytes) -> None:
        """Bytes leave for the server; the observer does not see them."""
        self.below.write(data)

    def close(self) -> None:
        self._give_up(self.below.close)

    def abort(self) -> None:
        self._give_up(self.below.abort)

    def _give_up(self, close: Callable[[], None]) -> None:
        self._observer.lost("gave up waiting")
        close()
        if self._lost and self._withheld:  # it hears only now of what was kept from it
            self._withheld = False
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol  # type: ignore[no-any-return]


async def wrap_client(
    connection: Connection, protocol: Any, *, context: ssl.SSLContext, server_hostname: str
) -> Surface:
    """The client's transport after a handshake by asyncio's own TLS. Raises what that raises, ssl.SSLError for one."""
    loop = asyncio.get_running_loop()
    shaken: asyncio.Future[None] = loop.create_future()
    surface = Surface(connection, protocol)
    tls = SSLProtocol(loop, surface, context, shaken, server_side=False, server_hostname=server_hostname)
    connection.near.attach(_Buffered(tls))
    try:
        await shaken
    except BaseException:
        connection.near.close()
        raise
    return surface


class _Buffered(asyncio.Protocol):
    """Fills the buffer of a BufferedProtocol, as asyncio's transports do."""

    def __init__(self, protocol: SSLProtocol) -> None:
        self._protocol = protocol
        for name in ("connection_made", "eof_received", "connection_lost", "pause_writing", "resume_writing"):
            setattr(self, name, getattr(protocol, name))

    def data_received(self, data: bytes) -> None:
        while data:
            buffer = self._protocol.get_buffer(len(data))
            taken = min(len(buffer), len(data))
            buffer[:taken] = data[:taken]
            self._protocol.buffer_updated(taken)
            data = data[taken:]
