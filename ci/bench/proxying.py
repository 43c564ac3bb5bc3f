"""The embedded Toxiproxy against no proxy at all, and against toxiproxy-server where TOXIPROXY_SERVER names one.

Each proxy is a process of its own, and so are client and server together; CPU is the proxy's own. They take
turns, and of each figure the best of some rounds counts: other work on the machine only makes them worse.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from ci.bench.table import Row
from harness.proxy import Client
from harness.proxy.client import Proxy

BULK = 256 * 1024 * 1024
ROUND_TRIPS, CONNECTIONS = 1000, 300
ROUNDS = 12
CHUNK = 256 * 1024
TOXICS = {
    "no toxic": (),
    "latency 0": ("latency",),
    "three toxics": ("latency", "slow_close", "limit_data"),
}


class Arm(NamedTuple):
    """A way to the upstream: the direct one, which has no process, or through a proxy."""

    name: str
    address: tuple[str, int]
    pid: int | None = None
    proxy: Proxy | None = None


def proxying() -> Iterator[Row]:
    """Bulk, round trips, connections and the CPU for each: direct, and through each proxy with each set of toxics."""
    with ExitStack() as started:
        port = started.enter_context(upstream())
        arms = [Arm("direct", ("127.0.0.1", port))]
        for name, command in _servers():
            process, url = started.enter_context(running_server(command))
            proxy = started.enter_context(Client(url)).create("bench", f"127.0.0.1:{port}")
            arms.append(Arm(name, proxy.address, process.pid, proxy))
        for toxics, types in TOXICS.items():
            for arm in arms[1:]:
                _put_on(arm, types)
            yield from _rows(toxics, arms)


def _put_on(arm: Arm, types: tuple[str, ...]) -> None:
    assert arm.proxy is not None
    arm.proxy.client.reset()
    for type_ in types:
        for stream in ("downstream", "upstream"):
            arm.proxy.add(type_, stream=stream, bytes=2**40)  # limit_data's; others ignore it


def _rows(toxics: str, arms: list[Arm]) -> Iterator[Row]:
    for arm, rate, cpu in _best(arms, _bulk, max):
        note = f"{BULK / 1e6 / cpu:,.0f} MB per CPU second" if arm.pid else ""
        yield Row(f"{toxics}: bulk, {arm.name}", rate / 1e6, "MB/s", note)
    for arm, median, cpu in _best(arms, _round_trips, min):
        note = f"CPU {cpu / ROUND_TRIPS * 1e6:.1f} µs" if arm.pid else ""
        yield Row(f"{toxics}: round trip, median, {arm.name}", median * 1e6, "µs", note)
    for arm, rate, cpu in _best(arms, _connections, max):
        note = f"CPU {cpu / CONNECTIONS * 1e6:,.0f} µs" if arm.pid else ""
        yield Row(f"{toxics}: connections, {arm.name}", rate, "a second", note)


def _best(
    arms: list[Arm], measure: Callable[[tuple[str, int]], float], better: Callable[[list[float]], float]
) -> Iterator[tuple[Arm, float, float]]:
    """Of each arm the best figure of some rounds, and the least CPU seconds that one of them cost its process."""
    rounds = [[_measured(arm, measure) for arm in arms] for _ in range(ROUNDS)]
    for arm, measured in zip(arms, zip(*rounds, strict=True), strict=True):
        yield arm, better([figure for figure, _ in measured]), min(cpu for _, cpu in measured)


def _measured(arm: Arm, measure: Callable[[tuple[str, int]], float]) -> tuple[float, float]:
    before = _cpu(arm.pid)
    return measure(arm.address), _cpu(arm.pid) - before


def _servers() -> Iterator[tuple[str, list[str]]]:
    yield "embedded", [sys.executable, "-m", "harness", "proxy", "--port", "{port}"]
    binary = os.environ.get("TOXIPROXY_SERVER")
    if binary and Path(binary).is_file():
        yield "toxiproxy-server", [binary, "-port", "{port}"]
    else:
        print("(TOXIPROXY_SERVER names no toxiproxy-server to compare with)", flush=True)


@contextmanager
def running_server(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Toxiproxy as a process, and the URL of its API; `{port}` in its command is where it is to listen."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = [word.format(port=port) for word in command]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _cpu(pid: int | None) -> float:
    """CPU seconds of a process to date, all of its threads: by the clock that clock_getcpuclockid(3) names."""
    return 0.0 if pid is None else time.clock_gettime(~pid << 3 | 2)


@contextmanager
def upstream() -> Iterator[int]:
    """A server on threads: `B` asks for the bulk, anything else comes back."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        threading.Thread(target=_accept, args=[listener], daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=[connection], daemon=True).start()


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    chunk = bytes(CHUNK)
    with connection:
        try:
            while data := connection.recv(1024):
                if data == b"B":
                    for _ in range(BULK // CHUNK):
                        connection.sendall(chunk)
                else:
                    connection.sendall(data)
        except OSError:
            return


def _bulk(address: tuple[str, int]) -> float:
    buffer = bytearray(CHUNK)
    with socket.create_connection(address) as client:
        begun, left = time.perf_counter(), BULK
        client.sendall(b"B")
        while left > 0:
            left -= client.recv_into(buffer)
        return BULK / (time.perf_counter() - begun)


def _round_trips(address: tuple[str, int]) -> float:
    times = []
    with socket.create_connection(address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(ROUND_TRIPS):
            begun = time.perf_counter()
            client.sendall(b"ping")
            client.recv(16)
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _connections(address: tuple[str, int]) -> float:
    begun = time.perf_counter()
    for _ in range(CONNECTIONS):
        with socket.create_connection(address) as client:
            client.sendall(b"ping")
            client.recv(16)
    return CONNECTIONS / (time.perf_counter() - begun)
