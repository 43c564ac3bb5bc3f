"""Live runs whose workers are in containers."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness import ClockSkew, Fleet, Kill, OutOfMemory, Pause, ResetPeer, Scenario, Stop, Tasks, seconds
from harness.errors import BadParameter, NotCapable, NotStarted
from harness.live.containers import NEVER_RAN, ContainerHost, Yard
from harness.live.engine import connect, engine
from harness.live.host_image import Runtime
from harness.model.faults import Victim
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan

pytestmark = [pytest.mark.live, pytest.mark.slow]

STORM = Scenario(
    fleet=Fleet(count=3, slots=3),
    tasks=Tasks(
        count=8, lasting=(seconds(2), seconds(5)), over=seconds(6), retries=3, retry_delay=seconds(1)
    ),
    faults=(
        Kill(target="worker-1", at=seconds(3), lasting=seconds(2)),
        Pause(target="worker-2", at=seconds(4), lasting=seconds(2)),
        Stop(target="worker-3", at=seconds(5), lasting=seconds(2)),
        ResetPeer(a="worker-2", b="api", at=seconds(8)),
        OutOfMemory(target="worker-2", at=seconds(8.5), lasting=seconds(1), victim=Victim.WORKER),
    ),
    options={
        "edge.job_poll_interval": "1",
        "edge.heartbeat_interval": "2",
        "scheduler.task_instance_heartbeat_timeout": "6",
        "scheduler.task_instance_heartbeat_timeout_detection_interval": "2",
        "scheduler.task_queued_timeout": "20",
        "scheduler.task_queued_timeout_check_interval": "2",
    },
    until=seconds(10),
    settle=seconds(12),
)
SHORT = """
from harness import Fleet, Scenario, Tasks, scenario, seconds

@scenario
def short() -> Scenario:
    \"\"\"Two tasks, as soon as there is a worker.\"\"\"
    tasks = Tasks(count=2, lasting=(seconds(1), seconds(1)), over=seconds(1), retries=0)
    options = {"edge.job_poll_interval": "1", "edge.heartbeat_interval": "2", "workers.min_heartbeat_interval": "1"}
    return Scenario(fleet=Fleet(count=1), tasks=tasks, until=seconds(2), settle=seconds(10), options=options)
"""


def test_containers_are_killed_paused_and_stopped_and_no_work_is_lost(docker_engine: None) -> None:
    plan = make_plan(STORM, 1, name="storm", workers=Workers.SCRIPTED)
    run = run_plan(plan, world="live", hosts="containers")
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    struck = {event.value["fault"] for event in run.history.where(f="fault.strike")}
    assert struck == set(range(len(STORM.faults)))
    assert len(list(run.history.where(f="worker.start", process="worker-1"))) == 2


def _harness(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "short.py").write_text(SHORT)
    (folder / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-m", "harness", "run", "short.py", "--no-store", *words],
        cwd=folder,
        env=dict(os.environ)
        | {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(Path(__file__).parents[2])}
        | env,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_the_released_edge_worker_does_its_work_in_a_container(docker_engine: None, tmp_path: Path) -> None:
    done = _harness(tmp_path, "--world", "live", "--hosts", "containers", "--workers", "edge")
    assert "short · seed 1 · live · VALID" in done.stdout, done.stdout + done.stderr
    assert "--hosts containers" in done.stdout
    assert "2 succeeded" in done.stdout
    assert done.stderr == ""
    assert list((tmp_path / "tmp").iterdir()) == []


def test_where_no_engine_answers_the_run_is_refused_with_what_to_do(tmp_path: Path) -> None:
    done = _harness(
        tmp_path, "--world", "live", "--hosts", "containers", DOCKER_HOST=f"unix://{tmp_path}/none"
    )
    assert done.returncode == 64
    assert f"no Docker engine answers at unix://{tmp_path}/none" in done.stderr
    assert "name its socket in DOCKER_HOST" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_engine_that_is_not_there_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(NotStarted, match="no Docker engine answers at unix:///nowhere"):
        connect()
    gc.collect()  # whoever is still open is warned of, and a warning is an error


def test_an_image_that_cannot_be_had_is_told(docker_engine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_WORKER_IMAGE", "127.0.0.1:1/none:1")
    plan = make_plan(STORM, 1, name="storm", workers=Workers.SCRIPTED)
    with pytest.raises(
        NotStarted, match=r"the image 127\.0\.0\.1:1/none:1, which HARNESS_WORKER_IMAGE names"
    ):
        run_plan(plan, world="live", hosts="containers")


def test_wrong_clocks_in_an_image_that_is_named_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_WORKER_IMAGE", "apache/airflow:3.3.2")
    skewed = ClockSkew(target="worker-1", at=seconds(1), lasting=seconds(1), ahead=seconds(9))
    plan = make_plan(replace(STORM, faults=(skewed,)), 1, name="skewed", workers=Workers.SCRIPTED)
    with pytest.raises(NotCapable, match="apache/airflow"):
        run_plan(plan, world="live", hosts="containers")


def test_a_container_that_cannot_be_started_has_ended_and_says_why(
    docker_engine: None, tmp_path: Path
) -> None:
    with engine() as found:
        yard = Yard(found, Runtime(image="none:1"), tmp_path)
        host = ContainerHost(yard, "worker-1", ["true"], home=tmp_path / "home", env={})
        assert "none:1" in host.last_words()
        assert (host.exit_code, host.main, host.outer(1)) == (NEVER_RAN, None, None)
        for do in (host.pause, host.resume, host.kill):
            do()  # there is nothing to do


@pytest.mark.parametrize(("world", "hosts"), [("sim", "containers"), ("live", "balloons")])
def test_hosts_that_a_world_has_not_are_refused(world: str, hosts: str) -> None:
    with pytest.raises(BadParameter, match=f"no hosts '{hosts}'|no {hosts}, as all"):
        run_plan(make_plan(STORM, 1, name="storm", workers=Workers.SCRIPTED), world=world, hosts=hosts)
