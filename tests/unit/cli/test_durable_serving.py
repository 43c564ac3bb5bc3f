"""`harness serve --state`: a server that is killed has lost nothing that it acknowledged."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from fake_api import State, StateFile
from fake_api.xcoms import XComTask

#: A server is killed at some moment of so many seconds after the first call was acknowledged.
SECONDS_MAX = 0.6
AT = "2026-01-01T00:00:00Z"


@contextmanager
def served(path: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its address; it does not survive."""
    command = [
        sys.executable,
        "-m",
        "harness",
        "serve",
        "--port",
        "0",
        "--admin",
        "--state",
        str(path),
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("the fake API listens on "), line
        yield process, line.split()[5]
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@dataclass
class Client:
    """Makes one call after the other and remembers what was acknowledged. Each changes several tables."""

    url: str
    acknowledged: dict[str, Any] = field(default_factory=dict)
    begun: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until the server is gone."""
        with httpx.Client(base_url=self.url, timeout=5) as http:
            try:
                for number in range(10_000):
                    self._one_life(http, number)
            except httpx.TransportError:
                return

    def _one_life(self, http: httpx.Client, number: int) -> None:
        task = {"dag_id": "d", "task_id": f"t{number}", "run_id": f"r{number}"}
        document = {
            "task_instances": [task],
            "variables": [{"key": f"v{number}", "val": "1"}],
            "xcoms": [{**task, "key": "k", "value": number}],
            "assets": [{"name": f"a{number}", "aliases": ["all"]}],
        }
        seeded = self._told("seeded", number, http.post("/admin/seed", json=document))
        (ti,) = seeded.json()["task_instances"]
        http.headers["authorization"] = f"Bearer {ti['token']}"
        path = f"/execution/task-instances/{ti['id']}"
        started = {"state": "running", "hostname": "w", "unixname": "u", "pid": 1, "start_date": AT}
        self._told("running", number, http.patch(f"{path}/run", json=started))
        outlet = {"name": f"a{number}", "uri": f"a{number}", "type": "Asset"}
        ended = {"state": "success", "end_date": AT, "task_outlets": [outlet]}
        self._told("success", number, http.patch(f"{path}/state", json=ended))
        self.acknowledged["ids"] = [*self.acknowledged.get("ids", ()), ti["id"]]

    def _told(self, step: str, number: int, reply: httpx.Response) -> httpx.Response:
        assert reply.is_success, reply.text
        self.acknowledged[step] = number
        self.begun.set()
        return reply


def steps_found(state: State) -> dict[str, int]:
    """How far the file says the client came: the highest number of each step, after a look at all of them."""
    found = {"seeded": -1, "running": -1, "success": -1}
    tis = {ti.task.task_id: ti for ti in state.task_instances}
    events = {event.asset.name for event in state.assets.events.values()}
    for number in range(len(tis)):
        ti = tis[f"t{number}"]
        # a seed is in four tables, a success in two: all of a call is there, or nothing
        assert state.variables[f"v{number}"].val == "1"
        assert state.xcoms.values(XComTask("d", f"r{number}", f"t{number}"), "k") == {-1: number}
        assert state.edge_jobs.get(ti.key) is not None
        assert (f"a{number}" in events) is (ti.state == "success")
        found["seeded"] = number
        found |= {"running": number} if ti.state in ("running", "success") else {}
        found |= {"success": number} if ti.state == "success" else {}
    assert len(state.variables) == len(tis) == len(list(state.assets)) == len(state.assets.of_alias("all"))
    return found


@pytest.mark.live
@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_is_killed_has_lost_nothing_that_it_acknowledged(seed: int, tmp_path: Path) -> None:
    """And of the one call that was under way, all or nothing is there."""
    path = tmp_path / "fake.db"
    with served(path) as (process, url):
        client = Client(url)
        working = threading.Thread(target=client.work)
        working.start()
        assert client.begun.wait(timeout=30)
        time.sleep(random.Random(seed).uniform(0, SECONDS_MAX))
        os.kill(process.pid, signal.SIGKILL)
        working.join(timeout=30)
    state = State()
    with closing(StateFile(path, state)):
        found = steps_found(state)
    told = [3 * client.acknowledged.get(step, -1) + place for place, step in enumerate(found)]
    there = [3 * number + place for place, (step, number) in enumerate(found.items()) if number >= 0]
    last_told, last_there = max(told), max(there, default=-1)
    assert last_told <= last_there <= last_told + 1, (client.acknowledged, found)
    assert {UUID(each) for each in client.acknowledged.get("ids", ())} <= {
        ti.id for ti in state.task_instances
    }


@pytest.mark.live
def test_a_server_that_is_started_again_goes_on_where_it_was(tmp_path: Path) -> None:
    path, audit = tmp_path / "fake.db", tmp_path / "audit.jsonl"
    document = {"task_instances": [{"dag_id": "d", "task_id": "t", "run_id": "r"}]}
    with served(path) as (_, url):
        (ti,) = httpx.post(f"{url}/admin/seed", json=document).json()["task_instances"]
        jobs = httpx.get(f"{url}/admin/state").json()["edge_job"]
    with served(path, "--audit", str(audit)) as (_, url):
        assert httpx.get(f"{url}/admin/state").json()["edge_job"] == jobs
        beat = {"hostname": "w", "pid": 1}
        headers = {"authorization": f"Bearer {ti['token']}"}
        reply = httpx.put(f"{url}/execution/task-instances/{ti['id']}/heartbeat", json=beat, headers=headers)
        assert reply.status_code == 409
    (decision,) = [json.loads(line) for line in audit.read_text().splitlines()]
    assert (decision["who"], decision["decision"]) == (ti["id"], "allowed")
