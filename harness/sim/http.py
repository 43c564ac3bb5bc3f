"""The network seam of httpcore, on the simulated network: a synchronous httpx client needs no other change."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from harness.sim.bridge import wait
from harness.sim.tls_blocking import shake_hands

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Inbox(asyncio.Protocol):
    """Receives for a stream that is read by blocking calls."""

    def __init__(self) -> None:
        self.buffer = b""
        self.ended = False
        self.error: Exception | None = None
        self.waiter: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._wake()

    def eof_received(self) -> bool:
        self.ended = True
        self._wake()
        return True  # as a plain socket: only the reader closes

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self.error = True, exc
        self._wake()

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def ready(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        self.waiter = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, _expire, self.waiter)
        try:
            await self.waiter
        finally:
            self.waiter = None
            if timer is not None:
                timer.cancel()


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(httpcore.ReadTimeout("timed out"))


class _Stream(httpcore.NetworkStream):
    """A connection, as httpcore's synchronous pool reads and writes it."""

    def __init__(self, transport: Any, inbox: _Inbox) -> None:
        self._transport, self._inbox = transport, inbox

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        inbox = self._inbox
        if not (inbox.buffer or inbox.ended):
            wait(inbox.ready(timeout))
        if inbox.error is not None and not inbox.buffer:
            raise httpcore.ReadError(str(inbox.error))
        data, inbox.buffer = inbox.buffer[:max_bytes], inbox.buffer[max_bytes:]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._inbox.error is not None or self._transport.is_closing():
            raise httpcore.WriteError(str(self._inbox.error or "Broken pipe"))
        self._transport.write(buffer)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The stream after a handshake, with the errors of httpcore's own."""
        try:
            transport, inbox = wait(_shake_hands(self._transport, ssl_context, server_hostname, timeout))
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from error
        return _Stream(transport, inbox)

    def close(self) -> None:
        self._transport.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # how the pool notices that the server closed an idle connection
            return bool(self._inbox.buffer or self._inbox.ended)
        return self._transport.get_extra_info(info)


class SimBackend(httpcore.NetworkBackend):
    """Opens connections over the simulated network; only inside `bridge.run_sync`."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            transport, inbox = wait(_connect(host, port, timeout))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return _Stream(transport, inbox)

    def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        raise NotImplementedError("the simulated network has TCP only")

    def sleep(self, seconds: float) -> None:
        wait(asyncio.sleep(seconds))


async def _connect(host: str, port: int, timeout: float | None) -> tuple[Any, _Inbox]:
    async with asyncio.timeout(timeout):
        return await asyncio.get_running_loop().create_connection(_Inbox, host, port)


async def _shake_hands(
    transport: Any, context: ssl.SSLContext, name: str | None, timeout: float | None
) -> tuple[Any, _Inbox]:
    async with asyncio.timeout(timeout):
        return await shake_hands(transport, _Inbox(), context=context, server_hostname=name)


def sim_transport(context: ssl.SSLContext | None = None) -> httpx.HTTPTransport:
    """httpx's own transport, its pool sized as Airflow's supervisor does, on the simulated network."""
    transport = httpx.HTTPTransport(verify=_NO_TLS)
    transport._pool.close()
    transport._pool = httpcore.ConnectionPool(
        ssl_context=context or _NO_TLS,
        max_connections=10,
        max_keepalive_connections=1,
        keepalive_expiry=5.0,
        network_backend=SimBackend(),
    )
    return transport
