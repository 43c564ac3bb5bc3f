"""ci/load.compose.yaml and ci/load.kubernetes.yaml hold together. Starting them takes more machines than one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from loadtests.options import Options

yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")

CI = Path(__file__).parents[3] / "ci"
COMPOSE = yaml.safe_load((CI / "load.compose.yaml").read_text())["services"]
DOCUMENTS = list(yaml.safe_load_all((CI / "load.kubernetes.yaml").read_text()))
KUBERNETES = {document["kind"]: document for document in DOCUMENTS}
PODS = {kind: KUBERNETES[kind]["spec"]["template"] for kind in ("Job", "Deployment")}


def _containers() -> list[dict[str, Any]]:
    return [container for pod in PODS.values() for container in pod["spec"]["containers"]]


def _commands() -> list[list[str]]:
    of_compose = [shlex.split(service["command"]) for service in COMPOSE.values()]
    return [*of_compose, *([str(each) for each in container["args"]] for container in _containers())]


# importing locust would patch this process
@pytest.mark.skipif(find_spec("locust") is None, reason="the extra `load` is not installed")
def test_every_option_is_one_of_locust_s_or_of_the_load_tests() -> None:
    line = [sys.executable, "-m", "locust", "-f", "loadtests", "--help"]
    told = subprocess.run(line, cwd=CI.parent, capture_output=True, text=True, check=True).stdout
    ours = {f"--{each.name.replace('_', '-')}" for each in fields(Options)}
    known = ours | set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", told))
    used = {word for command in _commands() for word in command if re.fullmatch("--?[a-z].*", word)}
    assert used <= known
    assert all(command[:3] == ["locust", "-f", "loadtests"] for command in _commands())


def test_in_kubernetes_workers_find_their_master_and_as_many_as_it_waits_for() -> None:
    master, worker = (container["args"] for container in _containers())
    service = KUBERNETES["Service"]
    assert worker[worker.index("--master-host") + 1] == service["metadata"]["name"]
    assert service["spec"]["selector"] == PODS["Job"]["metadata"]["labels"]
    deployment = KUBERNETES["Deployment"]["spec"]
    assert deployment["selector"]["matchLabels"] == PODS["Deployment"]["metadata"]["labels"]
    assert master[master.index("--expect-workers") + 1] == str(deployment["replicas"])
    [port] = service["spec"]["ports"]
    assert {"containerPort": port["port"]} in _containers()[0]["ports"]


def test_in_compose_workers_find_their_master_and_every_process_has_what_opens_the_server() -> None:
    worker = shlex.split(COMPOSE["worker"]["command"])
    assert worker[worker.index("--master-host") + 1] in COMPOSE
    given = [set(service["environment"]) for service in COMPOSE.values()]
    assert given == [set(KUBERNETES["Secret"]["stringData"])] * len(COMPOSE)
    for container in _containers():
        assert container["envFrom"] == [{"secretRef": {"name": KUBERNETES["Secret"]["metadata"]["name"]}}]
