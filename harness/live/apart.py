"""A request that reaches the server on a connection of its own, when its client has left or knows nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from harness.live.way import END, Way
from harness.toxics.links import Link


class Apart(asyncio.Protocol):
    """Sends the request over the link, and closes when the reply comes: nobody reads it."""

    def __init__(self, request: bytes, *, link: Link, victim: str, now: Callable[[], int]) -> None:
        self._request = request
        self._way = Way(link=link, victim=victim, now=now, deliver=self._deliver)
        self._ended = asyncio.Event()
        self._transport: Any = None

    async def run(self, upstream: tuple[str, int]) -> None:
        """Connect and send, until the server has answered. One that is down gets nothing."""
        try:
            with suppress(OSError):
                await asyncio.get_running_loop().create_connection(lambda: self, *upstream)
                await self._ended.wait()
        finally:
            self._way.close()
            if self._transport is not None:
                self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._way.send(self._request)

    def _deliver(self, chunk: bytes) -> None:
        if chunk is not END:
            self._transport.write(chunk)

    def data_received(self, data: bytes) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()
