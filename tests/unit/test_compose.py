"""ci/compose.yaml is what the harness knows of Airflow, and holds together. Starting it takes images that we cannot reach."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.cli.options import parse
from harness.live.commands import Camp, command
from harness.live.deployment import PASSWORD_VARIABLE, USERNAME_VARIABLE
from harness.live.services import POSTGRES_IMAGE, TOXIPROXY_IMAGE
from harness.model.plan import PlannedWorker
from harness.model.scenario import Workers
from harness.proxy import Client, running
from harness.workers.scripted import AIRFLOW_VERSION, EDGE_VERSION

yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")

ROOT = Path(__file__).parents[2]
FILE = ROOT / "ci" / "compose.yaml"
SERVICES: dict[str, dict[str, Any]]
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
SECRETS = {
    "AIRFLOW__API_AUTH__JWT_SECRET": "x" * 64,
    "POSTGRES_PASSWORD": "p",
    PASSWORD_VARIABLE: "p",
}


def test_everything_that_is_named_is_there() -> None:
    for name, service in SERVICES.items():
        assert ("image" in service) != ("build" in service), name
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[needed]
        assert {each["source"] for each in service.get("configs", ())} <= COMPOSE["configs"].keys()
        assert {each.partition(":")[0] for each in service.get("volumes", ())} <= COMPOSE["volumes"].keys()


def test_only_this_machine_reaches_what_is_published() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_secret_stands_in_it() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD$", name):
                assert value.startswith("${")
                assert ":?" in value


def test_options_are_those_that_our_own_live_world_sets() -> None:
    sources = (*(ROOT / "harness" / "live").glob("*.py"), ROOT / "harness" / "workers" / "edge.py")
    known = {name for path in sources for name in re.findall(r"AIRFLOW__\w+", path.read_text())}
    used = {name for service in SERVICES.values() for name in service.get("environment", {})}
    assert {name for name in used if name.startswith("AIRFLOW__")} <= known


def test_versions_and_images_are_those_we_test_against() -> None:
    text = FILE.read_text()
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    assert defaults["AIRFLOW_VERSION"] == AIRFLOW_VERSION
    assert defaults["EDGE3_VERSION"] == EDGE_VERSION
    assert dict((POSTGRES_IMAGE, TOXIPROXY_IMAGE)).items() <= defaults.items()


def test_workers_and_server_meet_through_toxiproxy() -> None:
    proxies = json.loads(COMPOSE["configs"]["proxies"]["content"])
    by_port = {int(each["listen"].rpartition(":")[2]): each["upstream"] for each in proxies}
    worker, server = SERVICES["edge-worker"]["environment"], SERVICES["api-server"]["environment"]
    assert "//toxiproxy:8080/" in worker["AIRFLOW__EDGE__API_URL"]
    assert "//toxiproxy:8080/" in worker["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert "@toxiproxy:5432/" in server["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert by_port == {8080: "api-server:8080", 5432: "postgres:5432"}
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in worker


@pytest.mark.live
def test_a_toxiproxy_takes_its_proxies() -> None:
    proxies = json.loads(COMPOSE["configs"]["proxies"]["content"])
    with (
        running(proxies=[each | {"listen": "127.0.0.1:0"} for each in proxies]) as server,
        Client(server.url) as client,
    ):
        assert set(client.proxies()) == {"api", "database"}


def test_an_edge_worker_is_started_as_we_start_it(tmp_path: Path) -> None:
    planned = PlannedWorker(name="worker-1", kind=Workers.EDGE, slots=4, queues=("default",))
    ours = command(Camp(folder=tmp_path, jwt_secret="x"), planned, url="http://api:1")
    theirs = SERVICES["edge-worker"]["command"]
    assert ours[3 : 3 + len(theirs)] == theirs


def test_the_harness_is_called_as_it_can_be() -> None:
    (script,) = SERVICES["harness"]["command"]
    lines = [
        line.split("#")[0].split(">")[0]
        for line in script.replace("$$HARNESS_SCENARIO", "quiet").splitlines()
    ]
    calls = [shlex.split(line.removeprefix("exec "))[1:] for line in lines if "harness " in line]
    assert [parse(call).scenario for call in calls] == ["quiet", "quiet"]
    assert {USERNAME_VARIABLE, PASSWORD_VARIABLE} <= SERVICES["harness"]["environment"].keys()
    assert SERVICES["harness"]["profiles"] == ["harness"]


def test_docker_compose_takes_it() -> None:
    try:
        version = subprocess.run(
            ["docker", "compose", "version", "--short"],
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
        )
    except OSError:
        pytest.skip("there is no docker here: install it with the Compose plugin")
    found = re.match(r"v?(\d+)\.(\d+)", version.stdout)
    if version.returncode or not found or tuple(map(int, found.groups())) < (2, 23):
        pytest.skip("there is no Docker Compose 2.23 or newer here: install docker-compose-plugin")
    done = subprocess.run(
        ["docker", "compose", "--file", str(FILE), "config", "--quiet"],
        env=os.environ | SECRETS,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
