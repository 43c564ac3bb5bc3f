"""The embedded Toxiproxy against no proxy at all, and against toxiproxy-server where TOXIPROXY_SERVER names one.

Each proxy is a process of its own, and so are client and server together; CPU is the proxy's own.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ci.bench.table import Row
from harness.proxy import Client

BULK = 512 * 1024 * 1024
ROUND_TRIPS, CONNECTIONS = 5000, 1000
CHUNK = 256 * 1024
TOXICS = {
    "no toxic": (),
    "latency 0": ("latency",),
    "three toxics": ("latency", "slow_close", "limit_data"),
}


def proxying() -> Iterator[Row]:
    """Bulk, round trips, CPU for each, connections: direct, and through each proxy with each set of toxics."""
    with upstream() as port:
        address = ("127.0.0.1", port)
        yield from _rows("direct", address, None)
        for name, command in _servers():
            with running_server(command) as (process, url), Client(url) as toxiproxy:
                proxy = toxiproxy.create("bench", f"127.0.0.1:{port}")
                for toxics, types in TOXICS.items():
                    toxiproxy.reset()
                    for type_ in types:
                        for stream in ("downstream", "upstream"):
                            proxy.add(type_, stream=stream, bytes=2**40)  # limit_data's; others ignore it
                    yield from _rows(f"{name}, {toxics}", proxy.address, process.pid)


def _rows(name: str, address: tuple[str, int], pid: int | None) -> Iterator[Row]:
    cpu = _cpu(pid)
    rate = max(_bulk(address) for _ in range(3))
    note = "" if pid is None else f"{3 * BULK / 1e6 / max(_cpu(pid) - cpu, 0.01):,.0f} MB per CPU second"
    yield Row(f"{name}: bulk", rate / 1e6, "MB/s", note)
    cpu = _cpu(pid)
    times = sorted(_round_trips(address))
    each = (_cpu(pid) - cpu) / ROUND_TRIPS * 1e6
    note = f"p99 {times[len(times) * 99 // 100] * 1e6:,.0f}" + ("" if pid is None else f", CPU {each:.1f} µs")
    yield Row(f"{name}: round trip, median", times[len(times) // 2] * 1e6, "µs", note)
    yield Row(f"{name}: connections", _connections(address), "a second")


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
    """CPU seconds of a process to date."""
    if pid is None:
        return 0.0
    fields = re.sub(r"^.*\) ", "", Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")).split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def _round_trips(address: tuple[str, int]) -> Iterator[float]:
    with socket.create_connection(address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(ROUND_TRIPS):
            begun = time.perf_counter()
            client.sendall(b"ping")
            client.recv(16)
            yield time.perf_counter() - begun


def _connections(address: tuple[str, int]) -> float:
    begun = time.perf_counter()
    for _ in range(CONNECTIONS):
        with socket.create_connection(address) as client:
            client.sendall(b"ping")
            client.recv(16)
    return CONNECTIONS / (time.perf_counter() - begun)
