"""A fresh Airflow of our own: which interpreter has it, how it is configured, and its processes."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import NotStarted
from harness.live.binding import on_loopback
from harness.live.commands import Camp
from harness.live.environments import Environment, environment
from harness.live.guardian import watch
from harness.live.hosts import Host
from harness.live.postgres import postgres
from harness.live.processes import spawn
from harness.live.seat import ToDatabase
from harness.live.servers import Seeder, server_env
from harness.workers.scripted import AIRFLOW_VERSION, EDGE_VERSION

#: Seconds until the api-server answers, on a busy machine, and between two looks at it.
START_TIMEOUT, LOOK = 180.0, 0.2
USER = "harness"
CONNECTION = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
DRIVERS: dict[str, tuple[str, ...]] = {"sqlite": (), "postgres": ("psycopg2-binary", "asyncpg")}
"""The databases there are, with the distributions that Airflow needs for each."""

_RELEASE = {
    "apache-airflow-core": AIRFLOW_VERSION,
    "apache-airflow-providers-edge3": EDGE_VERSION,
}
_WITNESS = Path(__file__).with_name("airflow_witness.py")


def released(*drivers: str) -> Environment:
    """Our own environment where it has Airflow and these drivers; else one with the same release. Raises NotInstallable."""
    here = {name: _installed(name) for name in (*_RELEASE, *drivers)}
    if all(here.values()):
        return Environment(Path(sys.prefix))
    pinned = [f"{name}=={here[name] or version}" for name, version in _RELEASE.items()]
    return environment(*pinned, *drivers)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


class AirflowHome:
    """The processes of one Airflow and what they share. `set_up` comes first, and `close` last, whatever became of it."""

    def __init__(
        self, camp: Camp, *, database: str, tasks: int, to_database: ToDatabase | None = None
    ) -> None:
        self._camp, self._database, self._tasks = camp, database, tasks
        self._to_database = to_database
        self._stack = ExitStack()
        self.password = secrets.token_hex(16)
        self.address: tuple[str, int] = self._stack.enter_context(on_loopback(0)).getsockname()
        self._hosts: dict[str, Host] = {}

    def set_up(self) -> None:
        """Install what is missing, set up the database, serialize the Dags. It takes a while: call it in a thread.

        Raises NotInstallable and NotStarted.
        """
        installed = self._camp.installed.server or released(*DRIVERS[self._database])
        self._python = installed.python
        self._env = self._environment(installed)
        if self._database == "postgres":
            self._env[CONNECTION] = self._stack.enter_context(postgres())
        self.witness = self._open_witness()

    @property
    def url(self) -> str:
        """Where it is, not through any relay."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def _environment(self, installed: Environment) -> dict[str, str]:
        home = self._camp.home("airflow")
        home.mkdir()
        passwords = home / "passwords.json"
        passwords.write_text(json.dumps({USER: self.password}))
        return server_env(installed, home, port=self.address[1], secret=self._camp.jwt_secret) | {
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._camp.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "airflow.providers.edge3.executors.EdgeExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(max(32, self._tasks)),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__EDGE__API_ENABLED": "True",
            "AIRFLOW__EDGE__API_URL": f"{self.url}/edge_worker/v1/rpcapi",
            **dict(self._camp.options),
        }

    def _open_witness(self) -> Seeder:
        """Migrate the database, serialize the Dags, and be ready to tell what changes."""
        process = spawn(
            *(self._python, _WITNESS),
            name="the set-up of the server",
            log=self._camp.home("airflow") / "set-up.log",
            env=self._env | {"_AIRFLOW_PROCESS_CONTEXT": "server"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._stack.callback(process.stop)
        watch(self._camp.folder, process.popen.pid)
        return Seeder(process)

    def boot(self, name: str, *command: str) -> None:
        """Start `airflow COMMAND` under that name."""
        argv = [str(self._python), "-m", "airflow", *command]
        env = self._env | self._way_to_database(name)
        self._hosts[name] = Host(name, argv, home=self._camp.home(name), env=env)

    def _way_to_database(self, name: str) -> dict[str, str]:
        """What of its environment is another one, where the database is reached through a relay."""
        if self._to_database is None or CONNECTION not in self._env:
            return {}
        url = urlsplit(self._env[CONNECTION])
        host, port = self._to_database(name, (url.hostname or "", url.port or 0))
        return {CONNECTION: url._replace(netloc=f"{url.username}@{host}:{port}").geturl()}

    async def listening(self, name: str) -> None:
        """Wait until that process takes connections. Raises NotStarted with its last words."""
        end = time.monotonic() + START_TIMEOUT
        while not _listens(self.address):
            host = self._hosts[name]
            if host.exit_code is not None or time.monotonic() > end:
                raise NotStarted(f"the {name} server did not come up: {host.last_words()}")
            await asyncio.sleep(LOOK)

    def runs(self, name: str) -> bool:
        """Whether it was booted, and not killed since."""
        return name in self._hosts

    def kill(self, name: str) -> bool:
        """SIGKILL the process with all that it started; whether there was one."""
        host = self._hosts.pop(name, None)
        if host is not None:
            host.kill()
        return host is not None

    def ended(self) -> dict[str, str]:
        """The last words of those that have ended by themselves since the last look, by name."""
        gone = {name: host for name, host in self._hosts.items() if host.exit_code is not None}
        words = {name: host.last_words() for name, host in gone.items()}
        for name in gone:
            self.kill(name)
        return words

    def close(self) -> None:
        """End every process."""
        for name in list(self._hosts):
            self.kill(name)
        self._stack.close()


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
