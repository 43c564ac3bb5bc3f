"""Which interpreter runs what of a live worker, and what the workers of a run share."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness import Scenario, make_plan
from harness.errors import BadPlan
from harness.live.commands import Camp, command
from harness.live.environments import Environment
from harness.live.installed import Installed
from harness.model.plan import PlannedWorker
from harness.model.plan_checks import check_plan
from harness.model.scenario import Workers

OLD = Installed(workers=Environment(Path("/environments/old")))


def planned(kind: Workers, alias: str | None = None) -> PlannedWorker:
    return PlannedWorker(name="worker-1", kind=kind, slots=2, queues=("default",), alias=alias)


def camp(installed: Installed) -> Camp:
    return Camp(folder=Path("/run"), jwt_secret="s" * 64, installed=installed)


def test_an_edge_worker_of_another_release_runs_in_its_environment() -> None:
    argv = command(camp(OLD), planned(Workers.EDGE), url="http://api")
    assert argv[:5] == ["/environments/old/bin/python", "-m", "airflow", "edge", "worker"]


@pytest.mark.parametrize("kind", [Workers.SUPERVISED, Workers.SCRIPTED])
def test_workers_of_ours_run_with_our_interpreter_whatever_is_released(kind: Workers) -> None:
    assert command(camp(OLD), planned(kind), url="http://api")[0] == sys.executable


def test_a_worker_calls_itself_by_its_alias() -> None:
    argv = command(camp(OLD), planned(Workers.EDGE, alias="worker-2"), url="http://api")
    assert argv[argv.index("--edge-hostname") + 1] == "worker-2"


@pytest.mark.parametrize("name", ["plan", "dags", "marks"])
def test_no_worker_may_be_called_as_what_all_of_them_share(name: str) -> None:
    shared: Path = getattr(camp(OLD), name)
    assert shared == camp(OLD).home(shared.name)
    plan = make_plan(Scenario(), 1, name="any")
    first, *others = plan.workers
    with pytest.raises(BadPlan, match=f"a worker cannot be named '{shared.name}'"):
        check_plan(replace(plan, workers=(replace(first, name=shared.name), *others)))
