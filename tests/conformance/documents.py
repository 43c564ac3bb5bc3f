"""The OpenAPI documents of the installed Airflow and of the fake, version by version, without their prose."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from fake_api import State, create_app
from fake_api.versions import RELEASED

Document = dict[str, Any]

#: What people read, and names that nothing on the wire depends on.
PROSE = {"title", "description", "summary", "operationId", "tags", "example", "examples", "x-enum-varnames"}

#: Runs in a process of its own: importing Airflow's server takes seconds and configures logging.
ASK_AIRFLOW = """
import asyncio, json, sys
import httpx
from airflow.api_fastapi.execution_api.app import create_task_execution_api_app

async def ask():
    app = create_task_execution_api_app()
    transport = httpx.ASGITransport(app, root_path="/execution")
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
        return {v: (await client.get("/openapi.json", params={"version": v})).json() for v in sys.argv[1:]}

print("DOCUMENTS", json.dumps(asyncio.run(ask())), sep="\\n")
"""


@cache
def real_documents() -> dict[str, Document]:
    """What the installed Airflow serves, by version. Raises CalledProcessError with what it said."""
    with TemporaryDirectory() as home:
        env = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        env |= {"AIRFLOW__API_AUTH__JWT_SECRET": "secret " * 10, "_AIRFLOW_PROCESS_CONTEXT": "server"}
        asked = [sys.executable, "-W", "ignore", "-c", ASK_AIRFLOW, *RELEASED]
        said = subprocess.run(asked, env=env, cwd=Path(home), capture_output=True, text=True, check=True)
    documents: dict[str, Document] = json.loads(said.stdout.partition("DOCUMENTS\n")[2])
    return documents


@cache
def fake_documents() -> dict[str, Document]:
    """What the fake serves, by version."""
    return asyncio.run(_ask_fake())


async def _ask_fake() -> dict[str, Document]:
    transport = httpx.ASGITransport(create_app(State()))
    async with httpx.AsyncClient(transport=transport, base_url="http://fake/execution") as client:
        return {
            version: (await client.get("/openapi.json", params={"version": version})).json()
            for version in RELEASED
        }


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a document with its path. The order of a list counts only where it has a meaning."""
    if isinstance(value, dict):
        is_names = path.endswith(("/properties", "/schemas", "/paths"))
        for key, each in value.items():
            if is_names or key not in PROSE:
                yield from flat(each, f"{path}/{key}")
        yield f"{path}/", "object"
    elif isinstance(value, list):
        for key, each in _keyed(value, path):
            yield from flat(each, f"{path}/{key}")
    else:
        yield path, value


def _keyed(values: list[Any], path: str) -> list[tuple[str, Any]]:
    if path.endswith("/parameters"):
        return [(f"{each['in']} {each['name']}", each) for each in values]
    if path.endswith("/required"):
        return [(name, True) for name in values]
    return [(str(place), each) for place, each in enumerate(values)]
