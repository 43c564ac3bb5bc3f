"""A small HTTP/1.1 server as an asyncio Protocol, for the control API: it runs on the simulated network too.

Whoever sends half a request, too much, or takes no answer is cut off after a while and holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import httptools

from harness.proxy.messages import Request, Response

Handle = Callable[[Request], Awaitable[Response]]
READ_TIMEOUT, IDLE_TIMEOUT, WRITE_TIMEOUT = 15.0, 60.0, 30.0
"""Seconds for the rest of a request, for the next one, and for taking an answer: Toxiproxy's."""
HEAD_MOST, BODY_MOST = 64 * 1024, 16 * 1024 * 1024
"""Bytes of a request."""
REQUESTS_AHEAD = 16
"""Requests that a connection may send before it has an answer; then it is read no more for a while."""


class HttpConnection(asyncio.Protocol):
    """One client of the API; its requests are answered in order. `connections` is where the open ones stand."""

    def __init__(self, handle: Handle, connections: dict[HttpConnection, None]) -> None:
        self._handle, self._connections = handle, connections
        self._parser = httptools.HttpRequestParser(self)
        self._target, self._body = b"", bytearray()
        self._headers: dict[str, str] = {}
        self._size = 0
        self._in_body = self._keep_alive = self._heard_end = False
        self._requests: deque[Request] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: Any = None

    # -- the connection ----------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._connections[self] = None
        self._expect(READ_TIMEOUT)

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError:
            self._refuse(400)
        if self._size > (HEAD_MOST + BODY_MOST if self._in_body else HEAD_MOST):
            self._refuse(413 if self._in_body else 431)

    def _parse(self, data: bytes) -> bytes:
        """Parse it. Where another protocol is asked for, as Java's HttpClient does, the request is answered as if it were
        not, and what stands behind it is returned.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as wish:
            self._parser = httptools.HttpRequestParser(self)
            return data[wish.args[0] :]
        return b""

    def eof_received(self) -> bool:
        self._heard_end = True
        return self._answering is not None  # who has asked gets the answer

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.pop(self, None)
        self._expect(None)
        self._requests.clear()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()
        self._expect(WRITE_TIMEOUT)

    def resume_writing(self) -> None:
        self._writable.set()
        self._expect(IDLE_TIMEOUT)

    def close(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _expect(self, seconds: float | None) -> None:
        """Whatever comes next has to come in that time."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self.close)

    # -- the parser --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._target, self._body, self._headers = b"", bytearray(), {}
        self._expect(READ_TIMEOUT)

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_body, self._keep_alive = True, self._parser.should_keep_alive()
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._size, self._in_body = 0, False
        self._expect(None)
        self._requests.append(
            Request(
                method=self._parser.get_method().decode("latin-1"),
                target=self._target.decode("latin-1"),
                headers=self._headers,
                body=bytes(self._body),
                keep_alive=self._keep_alive,
            )
        )
        if len(self._requests) > REQUESTS_AHEAD:
            self._transport.pause_reading()
        if self._answering is None:
            self._answering = asyncio.get_running_loop().create_task(self._answer(), name="control API")

    # -- answers -----------------------------------------------------------------------------------------

    async def _answer(self) -> None:
        try:
            while self._requests:
                request = self._requests.popleft()
                response = await self._handle(request)
                self._write(response, request)
                await self._writable.wait()
                if not request.keep_alive or (self._heard_end and not self._requests):
                    self._transport.close()
                    return
        finally:
            self._answering = None
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._expect(IDLE_TIMEOUT)

    def _write(self, response: Response, request: Request) -> None:
        if not self._transport.is_closing():
            head_only = request.method == "HEAD"
            self._transport.write(response.encode(keep_alive=request.keep_alive, head_only=head_only))

    def _refuse(self, status: int) -> None:
        if not self._transport.is_closing():
            body = f"{status} {HTTPStatus(status).phrase}".encode()
            self._transport.write(Response(status=status, body=body).encode(keep_alive=False))
            self._transport.close()
