"""Socket pairs between two processes of a host, in virtual time, and a selector that waits on them.

They have what Airflow's supervisor and task runner use of sockets. One end is read by blocking code that rides in a
greenlet, the other by a coroutine.
"""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Callable
from typing import Any

from harness.sim import bridge

_filenos = itertools.count(1000)


class Pipe:
    """One end of a socket pair; `on_readable` is called when there is something to read, be it the end."""

    def __init__(self) -> None:
        self.on_readable: Callable[[], None] = lambda: None
        self.peer: Pipe | None = None
        self._buffer, self._ended = bytearray(), False
        self._fileno = next(_filenos)

    @property
    def readable(self) -> bool:
        """Whether `recv` would return at once."""
        return bool(self._buffer) or self._ended

    def sendall(self, data: bytes | bytearray) -> None:
        """Deliver to the other end. Raises BrokenPipeError where that is closed."""
        if self.peer is None:
            raise BrokenPipeError("the other end is closed")
        self.peer._buffer += data
        self.peer.on_readable()

    def recv(self, most: int) -> bytes:
        """What has arrived; nothing at the end. Raises BlockingIOError where nothing has."""
        if not self.readable:
            raise BlockingIOError("nothing has arrived")
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        return data

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """The same, into a buffer; how many bytes."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """No more comes from here, and nothing arrives here."""
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer, peer._ended = None, True
            peer.on_readable()

    def fileno(self) -> int:
        return self._fileno

    def setblocking(self, flag: bool) -> None:
        """A reader here never reads where nothing has arrived."""


def pipe_pair() -> tuple[Pipe, Pipe]:
    """Two ends that are connected."""
    one, other = Pipe(), Pipe()
    one.peer, other.peer = other, one
    return one, other


class PipeSelector(selectors.BaseSelector):
    """Waits on pipes in virtual time; only inside `bridge.run_sync`."""

    def __init__(self) -> None:
        self._keys: dict[Any, selectors.SelectorKey] = {}
        self._waiter: asyncio.Future[None] | None = None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, fileobj.fileno(), events, data)
        fileobj.on_readable = self._wake
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self._keys.pop(fileobj)
        fileobj.on_readable = lambda: None
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is readable; as epoll does, it waits the whole timeout where nothing is registered."""
        if not self._ready():
            bridge.wait(self._wait(timeout))
        return self._ready()

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        return [(key, selectors.EVENT_READ) for pipe, key in self._keys.items() if pipe.readable]

    async def _wait(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, self._wake)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def get_map(self) -> dict[Any, selectors.SelectorKey]:
        return self._keys

    def close(self) -> None:
        for pipe in list(self._keys):
            self.unregister(pipe)


async def read(pipe: Pipe, count: int) -> bytes:
    """So many bytes, for coroutines. Raises EOFError where the other end closes before."""
    data = b""
    while len(data) < count:
        await _arrival(pipe)
        chunk = pipe.recv(count - len(data))
        if not chunk:
            raise EOFError("the other end is closed")
        data += chunk
    return data


async def _arrival(pipe: Pipe) -> None:
    if not pipe.readable:
        arrived = asyncio.Event()
        pipe.on_readable = arrived.set
        await arrived.wait()
