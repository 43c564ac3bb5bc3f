"""`locust -f loadtests` against a released api-server: minutes, so at night."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from tests.live.loading import ROOT, clean, locust

pytestmark = [pytest.mark.live, pytest.mark.nightly, pytest.mark.timeout(600)]

LOAD = ("-u", "20", "-r", "20", "-t", "30s", "--slots", "2", "--task-seconds", "5")


def test_over_postgresql_a_released_server_keeps_its_promises_under_load(tmp_path):
    with _airflow("--database", "postgres") as (url, environ):
        ended = locust(*LOAD, host=url, folder=tmp_path, environ=environ)

    assert ended.results["promises"]["broken"] == {}, ended.output
    assert ended.results["counts"]["tasks success"] > 0


def test_over_sqlite_it_hands_one_job_to_several_workers(tmp_path):
    """SQLite has no row locks: two fetches at once read the same queued job. When a release mends that, this fails."""
    with _airflow("--database", "sqlite") as (url, environ):
        ended = locust(*LOAD, host=url, folder=tmp_path, environ=environ)

    assert ended.code == 1
    assert ended.results["promises"]["broken"]["a job is handed out once"] > 0


def test_with_a_scheduler_dag_runs_feed_the_workers_and_end(tmp_path):
    with _airflow("--database", "postgres", "--scheduler") as (url, environ):
        users = ("SupervisorUser", "SchedulerUser", "-u", "6", "-r", "6", "-t", "100s", "--task-seconds", "1")
        feed = ("--feed", "dag-runs", "--dag", "load-runs")
        ended = locust(*users, *feed, host=url, folder=tmp_path, environ=environ, bound=200)

    assert ended.results["counts"]["jobs fetched"] > 0, ended.output
    assert ended.results["counts"]["dag runs triggered"] > 0


@contextmanager
def _airflow(*arguments: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A `harness airflow` with these arguments: its URL, and the environment that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "airflow", "--port", "0", *arguments],
        cwd=ROOT,
        env=clean(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        last = "LOADTEST_DAG" if "--scheduler" in arguments else "LOADTEST_ADMIN"
        told = _read_to(process.stdout, last)
        url = told.split("listens on ")[1].split()[0]
        yield url, dict(re.findall(r"^  ([A-Z_]+)=(\S+)", told, re.MULTILINE))
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _read_to(stream: IO[str], name: str) -> str:
    told = ""
    while f"  {name}=" not in told:
        line = stream.readline()
        assert line, f"it ended: {told}"
        told += line
    return told
