"""A released api-server to put load on: both APIs, its own database, and POST /admin/seed beside it."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.live.airflow_home import DRIVERS, USER, released
from harness.live.guardian import guarded, watch
from harness.live.postgres import postgres
from harness.live.processes import Process, spawn
from harness.live.servers import START_TIMEOUT, Seeder, SeedingError, answers, held_port, server_env

_SEEDER, _DAG = (Path(__file__).with_name(name) for name in ("load_seeder.py", "load_dag.py"))
#: The first request to each API takes seconds.
_WARM = ("/execution/health", "/edge_worker/v1/health")


@dataclass(frozen=True)
class LoadServer:
    """A running api-server. `admin` is the URL beside it with POST /admin/seed; none where a scheduler runs.

    `username` and `password` open its REST API.
    """

    url: str
    admin: str | None
    secret: str
    password: str
    process: Process
    username: str = USER


@contextmanager
def load_server(
    *,
    database: str = "sqlite",
    port: int = 0,
    workers: int = 1,
    scheduler: bool = False,
    options: Mapping[str, str] | None = None,
) -> Iterator[LoadServer]:
    """A released api-server on loopback for as long as the block lasts, with `workers` processes.

    `options` are variables of Airflow's, beside those that it needs to be found.
    Jobs come through `admin`, or with a scheduler from runs of the Dag `load-runs`. Raises NotInstallable and NotStarted.
    """
    installed = released(*DRIVERS[database])
    with ExitStack() as stack:
        home = stack.enter_context(guarded("harness-load-"))
        (home / "dags").mkdir()
        shutil.copy(_DAG, home / "dags")
        secret, password, port = (
            secrets.token_hex(32),
            secrets.token_hex(8),
            port or stack.enter_context(held_port()),
        )
        env = server_env(installed, home, port=port, secret=secret) | _edge_env(home, port, password)
        env |= options or {}
        if database == "postgres":
            env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = stack.enter_context(postgres())
        seeder = spawn(
            *(installed.python, _SEEDER),
            name="the seeding process",
            log=home / "seeder.log",
            env=env | {"_AIRFLOW_PROCESS_CONTEXT": "server"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        stack.callback(seeder.stop)
        watch(home, seeder.popen.pid)
        talking = Seeder(seeder)

        def boot(*command: str) -> Process:
            process = spawn(
                *(str(installed.python), "-m", "airflow", *command),
                name=f"the {command[0]}",
                log=home / f"{command[0]}.log",
                env=env,
            )
            stack.callback(process.stop)
            watch(home, process.popen.pid)
            return process

        process = boot("api-server", "--workers", str(workers))
        url = f"http://127.0.0.1:{port}"
        for path in _WARM:
            process.wait_until(lambda path=path: answers(f"{url}{path}"), timeout=START_TIMEOUT)  # type: ignore[misc]
        if scheduler:
            boot("dags", "reserialize").popen.wait(START_TIMEOUT)
            boot("scheduler", "--skip-serve-logs")
        admin = None if scheduler else stack.enter_context(_admin(talking))
        yield LoadServer(url, admin, secret, password, process)


def _edge_env(home: Path, port: int, password: str) -> dict[str, str]:
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({USER: password}))
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "airflow.providers.edge3.executors.EdgeExecutor",
        "AIRFLOW__CORE__PARALLELISM": "100000",
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "100000",
        "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "10000",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__EDGE__API_ENABLED": "True",
        "AIRFLOW__EDGE__API_URL": f"{url}/edge_worker/v1/rpcapi",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }


@contextmanager
def _admin(seeder: Seeder) -> Iterator[str]:
    """Serve POST /admin/seed on loopback; answers its URL."""
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            try:
                with one_at_a_time:
                    status, told = 201, seeder.send(document)
            except SeedingError as error:
                status, told = 422, {"detail": str(error)}
            self._say(status if self.path == "/admin/seed" else 404, told)

        def _say(self, status: int, told: Any) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
