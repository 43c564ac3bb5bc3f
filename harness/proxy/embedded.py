"""A Toxiproxy server for code that has no event loop: it runs on a thread of its own."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.proxy.addresses import Address
from harness.proxy.server import ToxiproxyServer


@dataclass(frozen=True)
class Embedded:
    """A running server, as its clients see it."""

    address: Address
    seed: int

    @property
    def host(self) -> str:
        return self.address.host

    @property
    def port(self) -> int:
        return self.address.port

    @property
    def url(self) -> str:
        """What `Client` and other clients of Toxiproxy are given."""
        return f"http://{self.address}"


@contextmanager
def running(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 1,
    proxies: list[dict[str, Any]] | None = None,
) -> Iterator[Embedded]:
    """A Toxiproxy server within the block, on any free port unless one is given.

    Raises BadParameter as ToxiproxyServer does.
    """
    started: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event, Address] | BaseException] = (
        queue.SimpleQueue()
    )

    async def serve() -> None:
        stop = asyncio.Event()
        async with ToxiproxyServer(host=host, port=port, seed=seed, proxies=proxies) as server:
            started.put((asyncio.get_running_loop(), stop, server.address))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 — goes to whoever asked for the server
            started.put(error)

    thread = threading.Thread(target=run, name="toxiproxy", daemon=True)
    thread.start()
    outcome = started.get()
    if isinstance(outcome, BaseException):
        thread.join()
        raise outcome
    loop, stop, address = outcome
    try:
        yield Embedded(address, seed)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
