"""A lean HTTP/1.1 client on asyncio: one connection, one request at a time, bounded waits.

It does what a worker needs and costs a fraction of a general client; the released workers bring
their own clients. Works on the simulated and on the real network.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools

from harness.errors import HarnessError

RETRY_FIRST, RETRY_MOST = 1.0, 15.0  # seconds between attempts, at first and at most


class Unreachable(HarnessError):
    """No reply came; whether the request took effect is not known."""


class Reply(NamedTuple):
    """Status, lower-case header names with their values, and the whole body."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def retry_after(self) -> float:
        """So many seconds the server asks to be left alone; 0 where it says nothing, or a date."""
        text = self.headers.get(b"retry-after", b"")
        return float(text) if text.isdigit() else 0.0

    def json(self) -> Any:
        """The body as JSON; None for an empty one. Raises Unreachable for one that was damaged on its way."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            raise Unreachable(f"the reply with status {self.status} is no JSON") from None


class Refused(HarnessError):
    """The server answered 4xx: asking again would not help."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body[:200]!r}")
        self.reply = reply


async def persist(attempt: Callable[[], Awaitable[Reply]], *, random: Random) -> Reply:
    """Attempt until the server answers what can be read, with growing waits. Raises Refused when it answers 4xx."""
    wait = RETRY_FIRST
    while True:
        retry_after = 0.0
        with suppress(Unreachable):
            reply = await attempt()
            if reply.status < 400:
                reply.json()
                return reply
            if reply.status < 500 and reply.status != 429:
                raise Refused(reply)
            retry_after = reply.retry_after
        await asyncio.sleep(max(retry_after, random.uniform(RETRY_FIRST, wait)))
        wait = min(wait * 2, RETRY_MOST)


class ApiClient:
    """Requests to one server over one keep-alive connection, made anew when it breaks.

    `tls` gives what a new connection needs; None where it is http.
    """

    def __init__(
        self, base_url: str, *, timeout: float, tls: Callable[[], ssl.SSLContext | None] = lambda: None
    ) -> None:
        url = urlsplit(base_url)
        self._host, self._port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        self._timeout, self._tls = timeout, tls
        self._head = f"\r\nhost: {url.netloc}\r\naccept: application/json\r\nauthorization: "
        self._wire: _Wire | None = None

    async def request(self, method: str, path: str, *, token: str, content: bytes | None = None) -> Reply:
        """Send one request; the server's reply. Raises Unreachable when none came in time."""
        length = f"\r\ncontent-type: application/json\r\ncontent-length: {len(content)}" if content else ""
        head = f"{method} {path} HTTP/1.1{self._head}{token}{length}\r\n\r\n".encode()
        try:
            wire = await self._connected()
            return await wire.exchange(head + (content or b""), self._timeout)
        except (OSError, TimeoutError) as error:
            self.close()
            raise Unreachable(f"{method} {path}: {error or 'no reply in time'}") from None

    async def _connected(self) -> _Wire:
        if self._wire is None or self._wire.lost:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(self._timeout):
                _, self._wire = await loop.create_connection(_Wire, self._host, self._port, ssl=self._tls())
        return self._wire

    def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


class _Wire(asyncio.Protocol):
    """The connection: sends a request, gathers its reply."""

    def __init__(self) -> None:
        self.lost = False
        self._transport: Any = None
        self._waiter: asyncio.Future[Reply] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def exchange(self, data: bytes, timeout: float) -> Reply:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Reply] = loop.create_future()
        self._waiter = waiter
        self._headers: dict[bytes, bytes] = {}
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(data)
        timer = loop.call_later(timeout, _expire, waiter)
        try:
            return await waiter
        finally:
            timer.cancel()

    def close(self) -> None:
        self.lost = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._fail(exc or ConnectionError("closed by the server"))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    # -- what httptools tells ------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        reply = Reply(self._parser.get_status_code(), self._headers, self._body)
        if not self._parser.should_keep_alive():
            self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(reply)


def _expire(waiter: asyncio.Future[Reply]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no reply in time"))
