"""TLS of a program that reads and writes its socket by blocking calls, as Python's ssl.SSLSocket does for httpcore."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from harness.sim.streams import Endpoint
from harness.sim.tls import Surface, TlsEnd, why
from harness.tls.session import Session


async def shake_hands(
    endpoint: Endpoint, inbox: Any, *, context: ssl.SSLContext, server_hostname: str | None
) -> tuple[Surface, Any]:
    """The client's transport after a handshake, and `inbox`, which reads from it. Raises OSError as a socket does."""
    surface = Surface(endpoint.connection, inbox)
    client = _Client(surface, Session(context, server_hostname=server_hostname))
    try:
        await client.shake(endpoint)
    except OSError as error:
        network = endpoint.loop.network
        network.on_connect_failure(endpoint.node, why(error))
        raise
    return surface, inbox


class _Client(TlsEnd):
    """The client's end: its socket just closes, and says nothing of it."""

    def __init__(self, surface: Surface, session: Session) -> None:
        super().__init__(surface, session, notify=False)
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def shake(self, endpoint: Endpoint) -> None:
        self.below = endpoint
        endpoint.set_protocol(self)
        self.session.begin()
        self.flush()
        await self._done

    def data_received(self, ciphertext: bytes) -> None:
        super().data_received(ciphertext)
        if self.session.established:
            self._finish(None)

    def _refuse(self, error: ssl.SSLError) -> None:
        """The alert is sent, and the blocking call that reads raises."""
        self._over = True
        self.flush()
        if self._begun:
            self._protocol.connection_lost(error)
        self._finish(error)

    def eof_received(self) -> bool:
        self._finish(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF occurred in violation of protocol"))
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(error or ConnectionResetError())
        if not self._over:
            super().connection_lost(error)

    def _finish(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)
