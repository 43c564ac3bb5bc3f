"""What runs in the simulation is the released code: its files are those of the wheel."""

from __future__ import annotations

import base64
import hashlib
import importlib
from importlib.metadata import PackagePath, distribution

import pytest

from harness.catalogue import find
from harness.model.planning import make_plan
from harness.runner import run_plan

RELEASED = {
    "apache-airflow-task-sdk": "airflow.sdk.api.client",
    "apache-airflow-providers-edge3": "airflow.providers.edge3.cli.worker",
}


def _sha256(path: PackagePath) -> str:
    digest = hashlib.sha256(path.read_binary()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("name", RELEASED)
def test_the_installed_files_are_those_of_the_wheel(name: str) -> None:
    recorded = [path for path in distribution(name).files or () if path.hash is not None]
    changed = [str(path) for path in recorded if path.hash and _sha256(path) != path.hash.value]
    assert len(recorded) > 50
    assert changed == []


def test_a_run_leaves_the_released_modules_as_they_were() -> None:
    names = (
        *RELEASED.values(),
        "airflow.sdk.execution_time.supervisor",
        "airflow.providers.edge3.cli.api_client",
    )
    modules = [importlib.import_module(name) for name in names]
    before = [dict(vars(module)) for module in modules]
    run_plan(make_plan(find("quiet").build(workers="1", tasks="1"), 1, name="quiet"))
    assert [dict(vars(module)) for module in modules] == before
