"""A released api-server on this machine: its own environment, database and port, gone without a trace afterwards."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from harness.errors import NotStarted
from harness.live.binding import on_loopback
from harness.live.environments import Environment, environment
from harness.live.guardian import guarded, watch
from harness.live.postgres import postgres
from harness.live.processes import Process, spawn

AIRFLOW = "apache-airflow-core==3.3.2"
#: Seconds until a database is migrated, and until a server answers, on a busy machine.
MIGRATE_TIMEOUT, START_TIMEOUT = 180.0, 240.0
_SEEDER = Path(__file__).with_name("seeder.py")


class SeedingError(NotStarted):
    """The server's side could not write or read a seed: a mistake of ours, with Airflow's own words."""


class Seeder:
    """A process in the server's environment that writes and reads its database; see seeder.py for what it can do."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._read()

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Send one request and return its answer. Raises SeedingError."""
        return self.send({"do": do} | values)

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request as it is and return its answer. Raises SeedingError."""
        stdin = self._process.popen.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
        answer = self._read()
        if error := answer.get("error"):
            raise SeedingError(f"{request.get('do', 'seeding')} failed: {error}")
        return answer

    def _read(self) -> dict[str, Any]:
        stdout = self._process.popen.stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise SeedingError(f"the seeding process ended: {self._process.last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True)
class ApiServer:
    """A running api-server with its database."""

    url: str
    secret: str
    process: Process
    seeder: Seeder


@contextmanager
def api_server(*, database: str = "sqlite", requirement: str = AIRFLOW) -> Iterator[ApiServer]:
    """A released api-server on loopback, over `sqlite` or `postgres`, for as long as the block lasts, or this process lives.

    The first use of a release installs it, which takes a minute. Raises NotInstallable and NotStarted.
    """
    drivers = ("psycopg2-binary", "asyncpg") if database == "postgres" else ()
    installed = environment(requirement, *drivers)
    with ExitStack() as stack:
        home = stack.enter_context(guarded("harness-airflow-"))
        (home / "dags").mkdir()
        options: dict[str, str] = {}
        if database == "postgres":
            options["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = stack.enter_context(postgres())
        secret, port = secrets.token_hex(32), stack.enter_context(held_port())
        env = server_env(installed, home, port=port, secret=secret) | options
        seeder = spawn(
            installed.python,
            _SEEDER,
            name="the seeding process",
            log=home / "seeder.log",
            env=env | {"_AIRFLOW_PROCESS_CONTEXT": "server"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        stack.callback(seeder.stop)
        watch(home, seeder.popen.pid)
        talking = Seeder(seeder)
        process = spawn(
            installed.script("airflow"),
            *("api-server", "--workers", "1", "--apps", "execution"),
            name="the api-server",
            log=home / "api-server.log",
            env=env,
        )
        stack.callback(process.stop)
        watch(home, process.popen.pid)
        url = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: answers(f"{url}/execution/health"), timeout=START_TIMEOUT)
        yield ApiServer(url, secret, process, talking)


def server_env(installed: Environment, home: Path, *, port: int, secret: str) -> dict[str, str]:
    """The whole environment of a server's processes: nothing of ours leaks in."""
    return {
        "PATH": f"{installed.folder / 'bin'}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__API_AUTH__JWT_SECRET": secret,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def now() -> datetime:
    """The time of servers on real clocks."""
    return datetime.now(UTC)


def unused_name() -> str:
    """A name that nobody used before on a server that keeps everything."""
    return secrets.token_hex(4)


def answers(url: str, *, timeout: float = 10.0) -> bool:
    """Whether a GET of this URL is answered 200."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as reply:  # noqa: S310 - a URL of our own making
            return bool(reply.status == 200)
    except (HTTPException, OSError):
        return False


@contextmanager
def held_port() -> Iterator[int]:
    """A port of loopback that nobody but who is told of it is given, for as long as the block lasts.

    A client that asks again and again whether somebody listens there may else be given it, and hears itself.
    """
    with on_loopback(0) as held:
        yield held.getsockname()[1]
