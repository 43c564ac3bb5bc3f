"""Which Toxiproxy a live run goes through, by what `--toxiproxy` takes; whatever is started for it ends with the run."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import BadParameter, NotStarted
from harness.live.hosts import Host
from harness.live.left_proxies import remove_left
from harness.proxy import Client, toxiproxy

#: Names the toxiproxy-server that `--toxiproxy server` starts; without it, the one on the PATH.
SERVER_VARIABLE = "TOXIPROXY_SERVER"
#: Seconds for a server to answer, and between one look and the next.
START_TIMEOUT, LOOK = 60.0, 0.05
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@contextmanager
def chosen(where: str, folder: Path) -> Iterator[Client | None]:
    """A client of it; None where the relays are to do it all. `folder` is for the files of what is started.

    Raises BadParameter, UsageError where nobody answers at a URL, and NotStarted.
    """
    if not where:
        yield None
    elif "://" in where:
        if urlsplit(where).hostname not in _LOOPBACK:
            raise BadParameter(
                f"--toxiproxy {where}: it has to be on this machine, as the relays and the API are"
            )
        with toxiproxy(where) as client:
            remove_left(client)
            yield client
    elif where in STARTED:
        with STARTED[where](folder) as client:
            yield client
    else:
        raise BadParameter(
            f"there is no Toxiproxy {where!r}: choose one of {', '.join(STARTED)}, or give a URL"
        )


@contextmanager
def _embedded(_: Path) -> Iterator[Client]:
    with toxiproxy("embedded") as client:
        yield client


@contextmanager
def _server(folder: Path) -> Iterator[Client]:
    """A released toxiproxy-server, which ends when this process does, however it does."""
    named = os.environ.get(SERVER_VARIABLE) or "toxiproxy-server"
    binary = shutil.which(named)
    if binary is None:
        raise NotStarted(
            f"there is no {named} to start: put one on the PATH, or its path into {SERVER_VARIABLE}"
        )
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [binary, "-host", "127.0.0.1", "-port", str(port)]
    host = Host("toxiproxy-server", command, home=folder / "toxiproxy", env={"PATH": os.defpath})
    try:
        wait_until(lambda: answers(port), host.ended, name="toxiproxy-server")
        with Client(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        host.kill()


@contextmanager
def _container(_: Path) -> Iterator[Client]:
    from harness.live.engine import engine
    from harness.live.services import toxiproxy as service

    with engine() as found, service(found) as client:
        yield client


STARTED: Mapping[str, Callable[[Path], AbstractContextManager[Client]]] = {
    "embedded": _embedded,
    "server": _server,
    "container": _container,
}
"""What is started for a run, by the name that `--toxiproxy` takes."""


def answers(port: int) -> bool:
    """Whether somebody listens there, on this machine."""
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready: Callable[[], bool], ended: Callable[[], str], *, name: str) -> None:
    """Wait until it is ready. Raises NotStarted where `ended` says that it is not to be, or it takes too long."""
    end = time.monotonic() + START_TIMEOUT
    while not ready():
        if words := ended():
            raise NotStarted(f"{name} ended at once: {words}")
        if time.monotonic() > end:
            raise NotStarted(f"{name} does not answer after {START_TIMEOUT:.0f} s: try it by hand")
        time.sleep(LOOK)
