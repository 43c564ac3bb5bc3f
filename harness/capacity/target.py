"""What load is put on: a server that is there already, or one set up for it."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.live.guardian import guarded, watch
from harness.live.processes import spawn
from harness.live.scripted_process import SECRET_VARIABLE
from harness.live.servers import answers, held_port

START_TIMEOUT = 60.0
#: Of each process of an api-server: [database] sql_alchemy_pool_size and sql_alchemy_max_overflow, by default.
POOL = 5 + 10


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the server is, what Locust needs in its environment, and whose CPU to watch: process ids by role.

    `connections` are those to its database that all of its processes may have, 0 where nobody knows.
    """

    name: str
    url: str
    environ: Mapping[str, str]
    admin: str = ""
    roles: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    processes: int = 1
    connections: int = 0


@contextmanager
def fake(options: Mapping[str, str]) -> Iterator[Target]:
    """The fake, in a process of its own."""
    with ExitStack() as stack:
        folder = stack.enter_context(guarded("harness-capacity-"))
        port, secret = stack.enter_context(held_port()), secrets.token_hex(32)
        environ = {**os.environ, **options, SECRET_VARIABLE: secret}
        process = spawn(
            *(sys.executable, "-m", "harness", "serve", "--admin", "--port", str(port)),
            name="the fake API",
            log=folder / "serve.log",
            env=environ,
        )
        stack.callback(process.stop)
        watch(folder, process.popen.pid)
        url = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: answers(f"{url}/execution/health"), timeout=START_TIMEOUT)
        yield Target(name="fake", url=url, environ=environ, roles={"server": (process.popen.pid,)})


@contextmanager
def airflow(options: Mapping[str, str], *, database: str, processes: int) -> Iterator[Target]:
    """A released api-server with so many processes."""
    from harness.live.load_server import load_server

    with load_server(database=database, workers=processes, options=options) as server:
        yield Target(
            name="airflow" if database == "sqlite" else f"airflow+{database}",
            url=server.url,
            environ={**os.environ, **options, SECRET_VARIABLE: server.secret},
            admin=server.admin or "",
            roles={"server": (server.process.popen.pid,), **(databases := _database())},
            processes=processes,
            connections=POOL * processes if databases else 0,
        )


def _database() -> dict[str, tuple[int, ...]]:
    """The PostgreSQL that was started for the server: a child of ours."""
    import psutil

    found = tuple(each.pid for each in psutil.Process().children() if each.name().startswith("postgres"))
    return {"database": found} if found else {}


@contextmanager
def attached(url: str, options: Mapping[str, str]) -> Iterator[Target]:
    """Somebody's server. One on this machine has its CPU watched."""
    pids = _listening(url)
    yield Target(
        name=url,
        url=url,
        environ={**os.environ, **options},
        admin=os.environ.get("LOADTEST_ADMIN", ""),
        roles={"server": pids} if pids else {},
        processes=max(1, len(pids)),
    )


def _listening(url: str) -> tuple[int, ...]:
    """The processes on this machine that listen at that address, as far as we may see them."""
    import psutil

    address = urlsplit(url)
    if address.hostname not in ("127.0.0.1", "localhost", "::1"):
        return ()
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        found = psutil.net_connections("tcp")
    except psutil.Error:
        return ()
    return tuple(
        {each.pid for each in found if each.pid and each.status == "LISTEN" and each.laddr.port == port}
    )
