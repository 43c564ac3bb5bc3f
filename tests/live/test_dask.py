"""A search on a Dask cluster: a scheduler and two workers, real processes on loopback."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from harness.errors import BadParameter, NotStarted
from harness.model.scenario import Fleet, Scenario, Tasks, Workers
from harness.search import Inline, Means, Record, cluster, swarm
from harness.units import minutes

pytestmark = pytest.mark.live

pytest.importorskip("distributed", reason="the extra `dask` is not installed")

SCENARIO = Scenario(
    fleet=Fleet(count=1, slots=1, kind=Workers.SCRIPTED),
    tasks=Tasks(count=1),
    options={"edge.job_poll_interval": "60", "edge.heartbeat_interval": "60"},
    until=minutes(1),
)
SEEDS = 7
ADDRESS = re.compile(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)")
JOINED = re.compile(r"Register worker addr")


@dataclass(frozen=True)
class Dask:
    """A cluster: where its scheduler listens, and its workers."""

    address: str
    workers: list[subprocess.Popen[str]]


def _read_until(pattern: re.Pattern[str], output: IO[str]) -> str:
    for line in output:
        if found := pattern.search(line):
            return found[found.lastindex or 0]
    raise AssertionError(f"it ended without {pattern.pattern!r}")


@contextmanager
def _started(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    here = ("--host", "127.0.0.1", "--no-dashboard")
    with subprocess.Popen(
        [*command, *here], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    with ExitStack() as stack:
        scheduler = stack.enter_context(_started("dask_scheduler", "--port", "0"))
        assert scheduler.stderr
        address = _read_until(ADDRESS, scheduler.stderr)
        options = ("--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
        workers = [stack.enter_context(_started("dask_worker", address, *options)) for _ in range(2)]
        for _ in workers:
            _read_until(JOINED, scheduler.stderr)
        yield Dask(address, workers)


def _swarmed(folder: Path, **means: object) -> dict[str, tuple[str, str]]:
    found = swarm({"one": SCENARIO}, seeds=SEEDS, seconds=None, folder=folder, means=Means(**means))  # type: ignore[arg-type]
    return {record.key: (record.plan, record.outcome.signature) for record in found}


def test_the_seeds_of_a_worker_that_is_killed_come_in_from_the_other_one(dask: Dask, tmp_path: Path) -> None:
    def kill_one(records: list[Record]) -> None:
        if len(records) == 2:
            os.kill(dask.workers[0].pid, signal.SIGKILL)

    with cluster(dask.address) as pool:
        assert pool.cores == 2
        found = _swarmed(tmp_path / "dask", pool=pool, at_once=4, tell=kill_one)
    assert dask.workers[0].wait(timeout=60) == -signal.SIGKILL
    assert len(found) == SEEDS
    assert found == _swarmed(tmp_path / "here", pool=Inline())


@contextmanager
def _nobody() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"127.0.0.1:{port}"


@contextmanager
def _silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("somebody", [_nobody, _silent])
def test_an_address_that_does_not_answer_is_told_in_a_line(somebody: Callable[[], Iterator[str]]) -> None:
    with (
        somebody() as address,  # type: ignore[attr-defined]
        pytest.raises(NotStarted, match=rf"no Dask scheduler answers at {address} .*: start one"),
        cluster(address, patience=1),
    ):
        pass


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:many"])
def test_what_is_no_address_is_told_in_a_line(address: str) -> None:
    with pytest.raises(BadParameter, match=r"write it like tcp://127.0.0.1:8786"), cluster(address):
        pass


def test_a_scheduler_without_workers_is_told_in_a_line() -> None:
    with _started("dask_scheduler", "--port", "0") as scheduler:
        assert scheduler.stderr
        address = _read_until(ADDRESS, scheduler.stderr)
        with pytest.raises(NotStarted, match=f"has no workers: start some with `dask worker {address}`"):
            cluster(address).__enter__()
