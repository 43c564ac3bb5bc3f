"""The fake beside a released api-server: the same calls of the same client, over TCP."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ci.bench.table import Row
from harness.conformance.arms import Arm
from harness.conformance.attached import AttachedArm
from harness.conformance.case import Call, Case, Run, Seed, Task
from harness.conformance.released import ReleasedArm
from harness.conformance.tables.words import beat, run, state
from harness.conformance.wire import request
from harness.live.processes import Process, spawn
from harness.live.servers import api_server

ROOT = Path(__file__).parents[2]
CONNECTIONS = 4
TASKS_PER_RUN = 20
#: Dag runs, and heartbeats of each task instance: the fake answers as many as last it long enough to be measured.
FAKE, REAL = (40, 25), (10, 5)
START_TIMEOUT = 60.0


@dataclass(frozen=True)
class Rates:
    """Answers by the name of the call: per CPU second of the server, and per second of the clock."""

    per_cpu_second: dict[str, float]
    per_second: dict[str, float]


def servers() -> Iterator[Row]:
    """Run, heartbeat and state: first of the released server over SQLite with one worker, then of the fake."""
    with api_server() as server, closing(ReleasedArm(server)) as arm:
        real = _rates(arm, server.process, *REAL)
    with _served_fake() as (fake_arm, process), closing(fake_arm):
        fake = _rates(fake_arm, process, *FAKE)
    for name in real.per_cpu_second:
        slow, fast = real.per_cpu_second[name], fake.per_cpu_second[name]
        yield Row(
            f"{name}, api-server 3.3.2", slow, "per CPU second", f"{real.per_second[name]:,.0f} per second"
        )
        note = f"{fake.per_second[name]:,.0f} per second; {fast / slow:.0f} × the api-server"
        yield Row(f"{name}, the fake", fast, "per CPU second", note)


@contextmanager
def _served_fake() -> Iterator[tuple[AttachedArm, Process]]:
    secret = secrets.token_hex(32)
    env = os.environ | {"AIRFLOW__API_AUTH__JWT_SECRET": secret, "PYTHONPATH": str(ROOT)}
    with TemporaryDirectory(prefix="harness-bench-") as folder:
        log = Path(folder) / "fake.log"
        command = (sys.executable, "-m", "harness", "serve", "--port", "0", "--admin")
        process = spawn(*command, name="the fake", log=log, env=env)
        try:
            process.wait_until(lambda: "listens on" in log.read_text(), timeout=START_TIMEOUT)
            found = re.search(r"http://\S+", log.read_text())
            assert found
            yield AttachedArm(found[0], secret), process
        finally:
            process.stop()


def _rates(arm: Arm, process: Process, runs: int, beats: int) -> Rates:
    case = _many(runs)
    ids = dict(arm.seed(case))
    names = [name for name in ids if not name.startswith("warm")]
    # each task keeps its token for all of its heartbeats, as a supervisor does
    wired = partial(_wire, arm, ids | {"dag": case.dag_id})
    phases = {
        "run": [wired(run(name)) for name in names],
        "heartbeat": [wired(beat(name)) for name in names] * beats,
        "state": [wired(state("success", name)) for name in names],
    }
    _send(arm.base, [wired(each) for each in (run("warm"), beat("warm"), state("success", "warm"))], 1)
    cpu, wall = {}, {}
    for phase, requests in phases.items():
        before = process.cpu_seconds()
        took = _send(arm.base, requests, CONNECTIONS)
        cpu[phase] = len(requests) / (process.cpu_seconds() - before)
        wall[phase] = len(requests) / took
    return Rates(cpu, wall)


def _many(runs: int) -> Case:
    tasks = tuple(Task(name=f"t{number}") for number in range(TASKS_PER_RUN))
    # the Dag of a seed begins in 2020
    more = [Run(name=f"r{year}", logical_date=f"{year}-01-01T00:00:00Z") for year in range(2021, 2020 + runs)]
    return Case(name="speed", seed=Seed(tasks=(*tasks, Task(name="warm")), runs=(Run(), *more)), steps=())


def _send(url: str, requests: list[dict[str, Any]], connections: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "ci.bench.caller"],
        input=json.dumps({"url": url, "connections": connections, "requests": requests}),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return float(done.stdout)


def _wire(arm: Arm, names: dict[str, str], call: Call) -> dict[str, Any]:
    sent = request(call, names, base=arm.base, secret=arm.secret, now=arm.now().timestamp())
    return {
        "method": sent.method,
        "path": sent.url.raw_path.decode(),
        "token": sent.headers["authorization"],
        "content": sent.content.decode(),
    }
