"""What the installed edge provider says of itself: its OpenAPI document, and its rules over every input there is.

It runs in a process of its own: importing Airflow's server takes seconds and configures logging.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

#: Comments a worker may have stored and may report, as lengths; None is no comment.
COMMENT_LENGTHS = (None, 0, 1, 509, 510, 511, 1019, 1020, 1024)
#: Versions a worker may have, and a server may demand. The server's own are 3.3.2 and 5.1.0.
VERSIONS = (
    *("3.3.2", "5.1.0", "3.3.2rc1", "3.3.3.dev0", "3.3", "3", "v3.3.2", "3.3.2.post1", "3.3.2+local.1"),
    *("3.3.1", "3.10.0", "5.0.9", "5.10", "1!1.0", "3.3.2-1", " 3.3.2 ", "", "abc", "3.3.x", 3, 3.3),
)
DEMANDED = (None, "", "3.3.2", "3.3", "3.3.2rc1", "3.4.0", "5.1.0", "5.0.0", "9")

ASK_AIRFLOW = """
import asyncio, json, sys
from types import SimpleNamespace

import httpx
from fastapi import HTTPException
from airflow.providers.edge3.models.edge_worker import EdgeWorkerState
from airflow.providers.edge3.worker_api.app import create_edge_worker_api_app
from airflow.providers.edge3.worker_api.routes import worker

lengths, versions, demanded = json.loads(sys.argv[1])


async def document():
    transport = httpx.ASGITransport(create_edge_worker_api_app(), root_path="/edge_worker")
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
        return (await client.get("/openapi.json")).json()


def checked(sysinfo, core, edge):
    minimum = {"core": core, "edge": edge}
    worker.conf = SimpleNamespace(get=lambda _section, key, fallback=None: minimum[key.split("_")[2]])
    try:
        return worker._assert_version(sysinfo)
    except HTTPException as refused:
        return refused.detail
    except Exception:
        return 500


def text(mark, length):
    return None if length is None else mark * length


ours = {"airflow_version": "3.3.2", "edge_provider_version": "5.1.0"}
answers = {
    "document": asyncio.run(document()),
    "redefine_state": {
        f"{stored.value} / {reported.value}": worker.redefine_state(stored, reported).value
        for stored in EdgeWorkerState for reported in EdgeWorkerState
    },
    "comments": {
        f"{state.value} / {old} / {new}": worker.redefine_maintenance_comments(
            state, text("a", old), text("b", new)
        )
        for state in EdgeWorkerState for old in lengths for new in lengths
    },
    "versions": {
        f"{key} / {version!r} / {minimum}": checked(
            {**ours, key: version},
            minimum if key == "airflow_version" else None,
            minimum if key != "airflow_version" else None,
        )
        for key in ours for version in versions for minimum in demanded
    },
    "missing_versions": [checked(dict(list(ours.items())[:count]), None, None) for count in range(3)],
}
print("ANSWERS", json.dumps(answers), sep="\\n")
"""


@cache
def provider() -> dict[str, Any]:
    """Everything the installed provider was asked, by name. Raises CalledProcessError with what it said."""
    with TemporaryDirectory() as home:
        env = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        env |= {"AIRFLOW__API_AUTH__JWT_SECRET": "secret " * 10, "_AIRFLOW_PROCESS_CONTEXT": "server"}
        asked = json.dumps([COMMENT_LENGTHS, VERSIONS, DEMANDED])
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ASK_AIRFLOW, asked],
            env=env,
            cwd=Path(home),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    answers: dict[str, Any] = json.loads(said.stdout.partition("ANSWERS\n")[2])
    return answers
