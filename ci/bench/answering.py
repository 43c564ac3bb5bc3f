"""How long the embedded Toxiproxy's API lets one wait while others misbehave: the aim is 100 ms, always."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ci.bench.proxying import running_server, upstream
from ci.bench.table import Row
from harness.proxy import Client

CALLS = 200
PROXIES, BATCH = 10_000, 1000
HALVES = (b"", b"POST /prox", b"POST /proxies HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
IDLERS, GREEDY = 300, 20


def answering() -> Iterator[Row]:
    """The slowest of many calls to make, show and delete a toxic: in quiet, and under each kind of trouble."""
    for name, trouble in TROUBLES.items():
        with upstream() as port, running_server(_COMMAND) as (_, url), Client(url) as client:
            proxy = client.create("bench", f"127.0.0.1:{port}")
            with trouble(client, proxy.address):
                times = sorted(_calls(client))
        note = f"median {times[len(times) // 2] * 1000:.1f}, of {len(times)} calls"
        yield Row(f"control API, {name}", times[-1] * 1000, "ms at most", note)


_COMMAND = [sys.executable, "-m", "harness", "proxy", "--port", "{port}"]


def _calls(client: Client) -> Iterator[float]:
    proxy = client.proxy("bench")
    for _ in range(CALLS // 4):
        for call in (
            client.version,
            lambda: proxy.add("latency", name="late", latency=1),
            proxy.toxics,
            lambda: proxy.remove("late"),
        ):
            begun = time.perf_counter()
            call()
            yield time.perf_counter() - begun


@contextmanager
def _quiet(_: Client, __: tuple[str, int]) -> Iterator[None]:
    yield


@contextmanager
def _half_requests(client: Client, _: tuple[str, int]) -> Iterator[None]:
    """Clients that say half a request and no more."""
    with ExitStack() as stack:
        for number in range(IDLERS):
            stack.enter_context(_connected(client)).sendall(HALVES[number % len(HALVES)])
        yield


@contextmanager
def _greedy(client: Client, _: tuple[str, int]) -> Iterator[None]:
    """Clients that ask for much and take nothing, with thousands of proxies to be listed."""
    _populate(client, 2000)
    with ExitStack() as stack:
        for _number in range(GREEDY):
            stack.enter_context(_connected(client)).sendall(b"GET /proxies HTTP/1.1\r\n\r\n" * 200)
        yield


@contextmanager
def _many(client: Client, _: tuple[str, int]) -> Iterator[None]:
    """10,000 proxies are made, listed and reset all the while."""

    def churn(other: Client, stop: threading.Event) -> None:
        _populate(other, PROXIES)
        while not stop.is_set():
            other.proxies()
            other.reset()

    with _beside(client, churn):
        yield


@contextmanager
def _traffic(client: Client, address: tuple[str, int]) -> Iterator[None]:
    """Bulk through a proxy, as fast as it goes."""

    def load(_: Client, stop: threading.Event) -> None:
        while not stop.is_set():
            with socket.create_connection(address) as one:
                one.sendall(b"B")
                while not stop.is_set() and one.recv(1 << 18):
                    pass

    with _beside(client, load):
        yield


@contextmanager
def _beside(client: Client, work: Callable[[Client, threading.Event], None]) -> Iterator[None]:
    """The work goes on in a thread, with a client of its own, until the block ends."""
    stop = threading.Event()
    with Client(client.url) as other:
        thread = threading.Thread(target=work, args=[other, stop])
        thread.start()
        try:
            time.sleep(0.5)
            yield
        finally:
            stop.set()
            thread.join()


def _populate(client: Client, count: int) -> None:
    for start in range(0, count, BATCH):
        client.populate(*({"name": f"p{start + n}", "upstream": "127.0.0.1:1"} for n in range(BATCH)))


def _connected(client: Client) -> socket.socket:
    host, _, port = client.url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)))


TROUBLES = {
    "quiet": _quiet,
    f"{IDLERS} half-sent requests": _half_requests,
    f"{GREEDY} clients that take no answer": _greedy,
    "10,000 proxies made, listed, reset": _many,
    "bulk through a proxy": _traffic,
}
"""By name, what goes on meanwhile."""
