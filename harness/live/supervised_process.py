"""Our client of the Edge API as a process that has the released supervisor run each task, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.live.scripted_process import main
from harness.ports import Site
from harness.workers.client import ApiClient

SUPERVISOR = "airflow.sdk.execution_time.execute_workload"
#: Names the interpreter that has the supervisor's Airflow: this process may run another one.
PYTHON_VARIABLE = "HARNESS_AIRFLOW_PYTHON"


@dataclass
class SupervisedTry:
    """One try of a task, as `harness.workers.scripted.Try`."""

    site: Site
    job: dict[str, Any]
    client: ApiClient

    async def run(self) -> bool:
        """Whether the executor should hear of success: the supervisor could be started, and exited with 0."""
        workload = (
            Path.home() / f"workload-{self.site.new_pid()}.json"
        )  # it holds a token: not for a list of processes
        try:
            workload.touch(mode=0o600)
            workload.write_text(json.dumps(self.job["command"]))
        except OSError:  # no space left: no supervisor
            workload.unlink(missing_ok=True)
            return False
        command = (os.environ[PYTHON_VARIABLE], "-m", SUPERVISOR, "--json-path", str(workload))
        try:
            process = await asyncio.create_subprocess_exec(
                *command, env=os.environ | {"HOSTNAME": self.site.name}
            )
            return await process.wait() == 0
        finally:
            workload.unlink()


if __name__ == "__main__":
    main(attempt=SupervisedTry)
