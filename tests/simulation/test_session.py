"""A run leaves nothing behind, and nothing from outside gets into it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fake_api import Settings
from harness.errors import NotAlone
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.workers.scripted import ScriptedWorker
from tests.simulation.plans import small_plan

PLAN = small_plan()


def _surroundings() -> list[Any]:
    return [asyncio.sleep, threading.Thread.start, time.time, dict(os.environ), time.time() > 1.7e9]


def _fail_later(seconds: float) -> None:
    if seconds > 0:
        raise ValueError("enough")


def test_after_a_run_that_raised_all_is_as_before_and_the_next_run_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__EDGE__JOB_POLL_INTERVAL", "7")
    expected, before = run_in_sim(PLAN).history.digest(), _surroundings()
    with pytest.raises(ValueError, match="enough"):
        run_in_sim(PLAN, progress=_fail_later)
    assert _surroundings() == before
    assert run_in_sim(PLAN).history.digest() == expected


def test_a_run_inside_a_running_loop_is_refused() -> None:
    before = _surroundings()

    async def main() -> None:
        run_in_sim(PLAN)

    with pytest.raises(NotAlone, match="synchronous"):
        asyncio.run(main())
    assert _surroundings() == before


def test_a_second_run_beside_the_first_is_refused() -> None:
    refused = threading.Event()
    begun, ended = threading.Event(), threading.Event()

    def wait_once(seconds: float) -> None:
        if not begun.is_set():
            begun.set()
            ended.wait(30)

    def run_beside() -> None:
        begun.wait(30)
        try:
            run_in_sim(PLAN)
        except NotAlone:
            refused.set()
        ended.set()

    beside = threading.Thread(target=run_beside)
    beside.start()
    run_in_sim(PLAN, progress=wait_once)
    beside.join()
    assert refused.is_set()


def test_options_of_the_shell_do_not_reach_the_released_code(tmp_path: Path) -> None:
    config = tmp_path / "airflow.cfg"
    config.write_text("[edge]\nheartbeat_interval = 3\n")
    shell = {
        "AIRFLOW_CONFIG": str(config),
        "AIRFLOW__EDGE__API_RETRIES": "2",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1",
    }
    script = """
from harness.workers.edge import require_airflow
require_airflow()
from airflow.configuration import conf
from airflow.providers.edge3.cli import api_client as edge
from airflow.sdk.api import client as sdk
print(edge.API_RETRIES, sdk.API_RETRIES, conf.get("edge", "heartbeat_interval"))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **shell},
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["10", "5", "30"]


@pytest.mark.parametrize("secret", ["a" * 64, "b" * 64])
def test_workers_sign_with_the_secret_of_their_own_run(secret: str) -> None:
    plan: Plan = small_plan(workers=Workers.EDGE)
    world = run_in_sim(plan, parts=Parts(settings=Settings(jwt_secret=secret)))
    assert len(list(world.history.where(witness="body", type="ok"))) == len(plan.submissions)


def test_how_a_worker_ended_is_told_in_the_same_words_by_every_process() -> None:
    class Broken(ScriptedWorker):
        async def run(self) -> None:
            raise OSError(f"{tempfile.mkdtemp()}/log is not for {object()!r}")

    first, second = (run_in_sim(PLAN, parts=Parts(scripted=Broken)).history for _ in range(2))
    (exit_,) = first.where(f="worker.exit")
    assert exit_.value["error"] == "OSError: …/tmp0/log is not for <object object at …>"
    assert first.digest() == second.digest()
