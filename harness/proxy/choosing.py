"""Which Toxiproxy: the embedded one, one that runs already, or a released toxiproxy-server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from harness.errors import NotStarted, UsageError
from harness.proxy.client import Client
from harness.proxy.embedded import running

EMBEDDED = "embedded"
START_TIMEOUT, POLL = 20.0, 0.05
"""Seconds for a toxiproxy-server to answer, and between one look and the next."""


@contextmanager
def toxiproxy(where: str | None = None, *, seed: int = 1) -> Iterator[Client]:
    """A client of the Toxiproxy that `where` names: `embedded`, a URL, or a toxiproxy-server's path or name on PATH.

    Without `where`, what TOXIPROXY_URL in the environment says, or else the embedded one. The seed is for the embedded
    one; a released server has none that works. Raises UsageError where there is no such server, NotStarted where it
    does not come up.
    """
    where = where or os.environ.get("TOXIPROXY_URL") or EMBEDDED
    if where == EMBEDDED:
        with running(seed=seed) as server, Client(server.url) as client:
            yield client
    elif where.startswith(("http://", "https://")):
        with Client(where) as client:
            client.version()  # raises if nobody answers there
            yield client
    else:
        with _process(where) as url, Client(url) as client:
            yield client


@contextmanager
def _process(name: str) -> Iterator[str]:
    binary = shutil.which(name)
    if binary is None:
        raise UsageError(f"{name!r} is no Toxiproxy: give embedded, a URL, or the path of a toxiproxy-server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [binary, "-host", "127.0.0.1", "-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(int(START_TIMEOUT / POLL)):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(POLL)
            raise NotStarted(f"toxiproxy-server ended at once with exit code {code}: try it by hand")
    raise NotStarted(f"toxiproxy-server did not answer within {START_TIMEOUT:g} s: try it by hand")
