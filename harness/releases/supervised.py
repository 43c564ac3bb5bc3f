"""One try of a task as a worker has it run: the released supervisor and task runner, in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from harness.live.environments import Environment
from harness.live.processes import Process, spawn

#: Seconds one supervisor may take; on a free machine it takes three to nine.
TIMEOUT = 120.0
LOOK = 0.05
_DAGS = Path(__file__).with_name("dags")


async def supervise(environment: Environment, *, workload: str, port: int, home: Path) -> str | None:
    """Run the supervisor to its end with this workload. None if it exited with 0, else what it said last.

    `home` is an empty folder for whatever Airflow writes. Nothing of our environment leaks in, and there is no
    database.
    """
    path = home / "workload.json"
    path.write_text(workload)
    process = spawn(
        environment.python,
        *("-m", "airflow.sdk.execution_time.execute_workload", "--json-path", path),
        name="the supervisor",
        log=home / "supervisor.log",
        env=_env(environment, port=port, home=home),
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            while process.popen.poll() is None:  # noqa: ASYNC110 - without threads, nothing tells of an end
                await asyncio.sleep(LOOK)
    except TimeoutError:
        return f"the supervisor did not end within {TIMEOUT:.0f} s: {said(process)}"
    finally:
        process.stop()
    code = process.popen.returncode
    return None if code == 0 else f"the supervisor exited with {code}: {said(process)}"


def said(process: Process) -> str:
    """The last error in the log of a supervisor, in one line; without one, its last words."""
    for line in reversed(process.log.read_text(errors="replace").splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in {"error", "critical", "warning"}:
            return " ".join(str(entry.get(key, "")) for key in ("event", "error", "detail", "error_detail"))[
                :400
            ].strip()
    return process.last_words(2)


def _env(environment: Environment, *, port: int, home: Path) -> Mapping[str, str]:
    return {
        "PATH": f"{environment.folder / 'bin'}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(_DAGS),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        # A supervisor looks after a finished task runner this often, and 5 s is the default.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }
