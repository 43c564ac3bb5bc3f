"""Nothing of the caller's shell gets into a run of released workers, and the run changes nothing of the caller's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RUN = ["run", "quiet", "--set", "workers=1", "--set", "tasks=2", "--workers", "edge", "--no-store", "--json"]

FOREIGN: dict[str, dict[str, str]] = {
    "a deployment on postgres": {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow@db/airflow",
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN": "postgresql://airflow@db/airflow",
        "AIRFLOW__CORE__FERNET_KEY": "bad",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
        "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": "s3://bucket/logs",
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__SECRETS__BACKEND": "no.such.Backend",
        "AIRFLOW_CONFIG": "/no/such/airflow.cfg",
        "AIRFLOW_HOME": "{broken}",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    },
    "a deployment on mysql": {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "mysql://airflow@db/airflow",
        "AIRFLOW__EDGE__HEARTBEAT_INTERVAL": "3",
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "no.such.CONFIG",
        "AIRFLOW__LOGGING__JSON_LOGS": "True",
        "AIRFLOW_HOME": "{other}",
        "_AIRFLOW__AS_LIBRARY": "1",
        "LOG_LEVEL": "DEBUG",
        "TZ": "Pacific/Kiritimati",
    },
}


def _run(shell: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "harness", *RUN],
        env={**os.environ, **shell},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    return answer


@pytest.fixture(scope="module")
def clean() -> str:
    return str(_run({})["digest"])


@pytest.mark.parametrize("name", FOREIGN)
def test_whatever_the_shell_sets_the_run_is_the_same_and_says_nothing_else(
    name: str, clean: str, tmp_path: Path
) -> None:
    homes = {kind: tmp_path / kind for kind in ("broken", "other")}
    for home in homes.values():
        home.mkdir()
    homes["broken"].joinpath("airflow.cfg").write_text("[core\nno configuration = %(at all\n")
    homes["other"].joinpath("airflow.cfg").write_text("[edge]\nheartbeat_interval = 3\n")
    shell = {option: value.format(**homes) for option, value in FOREIGN[name].items()}
    assert _run(shell)["digest"] == clean


CALLER = """
import asyncio, gc, logging, os, signal, sys, tempfile, threading, time, warnings
import structlog
from harness.catalogue import find
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan

warnings.filterwarnings("error", message="of the caller")
signal.signal(signal.SIGUSR1, lambda number, frame: None)
handler = logging.FileHandler(sys.argv[1], mode="w")
logging.getLogger().addHandler(handler)
logging.getLogger().setLevel(logging.INFO)
logging.getLogger("uvicorn.access").setLevel(logging.INFO)

def surroundings():
    loggers = {
        name: (list(logger.handlers), logger.level, logger.propagate, logger.disabled)
        for name, logger in (("", logging.root), ("uvicorn.access", logging.getLogger("uvicorn.access")))
    }
    return {
        "environment": dict(os.environ),
        "loggers": loggers,
        "logging": (logging.root.manager.disable, logging._warnings_showwarning, dict(logging._handlers)),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "path": list(sys.path),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "structlog": (structlog.is_configured(), structlog.get_config()),
        "time": (time.time, asyncio.sleep, threading.Thread.start, time.time() > 1.7e9),
        "process": (os.getcwd(), tempfile.gettempdir(), gc.isenabled(), gc.get_freeze_count(), sys.excepthook),
    }

plan = make_plan(find("quiet").build(workers="1", tasks="1"), 1, name="quiet", workers=Workers.EDGE)
before = surroundings()
for _ in range(2):
    run_plan(plan)
    after = surroundings()
    for name in before:
        assert after[name] == before[name], (name, before[name], after[name])
logging.info("the caller still logs")
"""


def test_after_a_run_the_callers_process_is_as_before(tmp_path: Path) -> None:
    log = tmp_path / "caller.log"
    shell = {"AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "True"}
    done = subprocess.run(
        [sys.executable, "-c", CALLER, str(log)],
        env={**os.environ, **shell, "TMPDIR": str(tmp_path)},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert log.read_text() == "the caller still logs\n"
    assert [path.name for path in tmp_path.iterdir()] == ["caller.log"]
