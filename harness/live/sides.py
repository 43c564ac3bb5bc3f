"""The two sides of a relayed connection: a socket each, and on the client's side TLS, where there is any."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from harness.live.way import END, Way
from harness.tls.session import Session

#: Bytes on one way beyond which its sender has to wait, as with a full TCP window.
WINDOW = 1 << 20
#: Seconds between two looks at whether such a sender may go on.
WAIT = 0.05
#: Seconds in which a client has to read why it was refused, before its connection is closed.
LINGER = 2.0

Take = Callable[[bytes], None]
Lost = Callable[[Exception | None], None]


class Side(asyncio.Protocol):
    """One socket of a relayed connection; what is written before it is connected waits."""

    def __init__(self, take: Take, lost: Lost) -> None:
        self.protocol = self
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

    def heed(self, way: Way) -> None:
        """Read no more while so much is on the way to the other side."""
        if self._transport is not None and way.pending > WINDOW:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(WAIT, self._read_on, self._transport, way)

    def _read_on(self, transport: asyncio.Transport, way: Way) -> None:
        if way.pending <= WINDOW:
            transport.resume_reading()
        elif not transport.is_closing():
            asyncio.get_running_loop().call_later(WAIT, self._read_on, transport, way)

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


class TlsSide:
    """The client's side under TLS, with the interface of Side: what it takes and writes is the plaintext."""

    def __init__(
        self,
        take: Take,
        lost: Lost,
        *,
        session: Session,
        refused: Callable[[ssl.SSLError | None], None],
    ) -> None:
        self._take, self._lost, self._session, self._refused = take, lost, session, refused
        self._over = False
        self.protocol = Side(self._received, self._socket_lost)

    def _received(self, ciphertext: bytes) -> None:
        if self._over:
            return
        if ciphertext is END:
            self._take(END)
            return
        try:
            plaintext = self._session.take(ciphertext)
        except ssl.SSLError as error:
            self._refuse(error)
            return
        self._flush()
        if plaintext:
            self._take(plaintext)
        if self._session.ended and not self._over:
            self._take(END)

    def _refuse(self, error: ssl.SSLError) -> None:
        """Say why (TLS's alert), and leave the client the time to read it: unread bytes would make closing a reset."""
        self._flush()
        self._finish(error)
        self.protocol.write(END)
        asyncio.get_running_loop().call_later(LINGER, self.protocol.close)

    def _finish(self, error: Exception | None) -> None:
        if self._over:
            return
        self._over = True
        if not self._session.established:
            self._refused(error if isinstance(error, ssl.SSLError) else None)
        self._lost(error)

    def _socket_lost(self, error: Exception | None) -> None:
        self._finish(error)

    def _flush(self) -> None:
        if ciphertext := self._session.outgoing():
            self.protocol.write(ciphertext)

    def write(self, chunk: bytes) -> None:
        """Write a chunk; END says that there will be none after it, and closes this way."""
        if chunk is END:
            self._session.close()
            self._flush()
            self.protocol.write(END)
        else:
            self._session.put(chunk)
            self._flush()

    def left(self) -> tuple[int, bool]:
        """How many bytes the peer's kernel has not acknowledged, and whether the connection has ended."""
        return self.protocol.left()

    def heed(self, way: Way) -> None:
        """Read no more while so much is on the way to the other side."""
        self.protocol.heed(way)

    def close(self) -> None:
        """Close, once what was written has left."""
        self._session.close()
        self._flush()
        self.protocol.close()

    def abort(self) -> None:
        """Close with RST."""
        self.protocol.abort()
