"""`harness airflow`: a released api-server alone, to put load on, until interrupted."""

from __future__ import annotations

import argparse
import threading
from typing import TYPE_CHECKING

from harness.errors import BadParameter

if TYPE_CHECKING:
    from harness.live.load_server import LoadServer


def airflow(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from harness.live.load_server import load_server

    if not 0 <= arguments.port <= 65535:
        raise BadParameter(f"--port {arguments.port}: give one between 0 and 65535")
    if not 1 <= arguments.workers <= 64:
        raise BadParameter(f"--workers {arguments.workers}: give a number of processes from 1 to 64")
    print("setting up an Airflow takes half a minute", flush=True)
    with load_server(
        database=arguments.database,
        port=arguments.port,
        workers=arguments.workers,
        scheduler=arguments.scheduler,
    ) as server:
        print(f"the api-server listens on {server.url} (Ctrl-C ends it)")
        print("whoever puts load on it needs, in the environment:")
        print("\n".join(f"  {name}={value}" for name, value in _needed(server).items()), flush=True)
        threading.Event().wait()
    return 0


def _needed(server: LoadServer) -> dict[str, str]:
    secret = {"AIRFLOW__API_AUTH__JWT_SECRET": server.secret}
    if server.admin:
        return secret | {"LOADTEST_ADMIN": server.admin}
    return secret | {
        "HARNESS_AIRFLOW_USERNAME": server.username,
        "HARNESS_AIRFLOW_PASSWORD": server.password,
        "LOADTEST_FEED": "dag-runs",
        "LOADTEST_DAG": "load-runs",
    }
