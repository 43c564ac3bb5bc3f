"""A job process of an edge worker: what `multiprocessing.Process` is to it, with the released supervisor in it."""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.sim.node import here
from harness.sim.supervisor import SupervisorProcess


class SimProcess(SupervisorProcess):
    """Runs what the worker gives it for a target, `_run_job_via_supervisor`, as far as it is not the process's own."""

    def __init__(self, *, target: Any, kwargs: dict[str, Any]) -> None:
        worker, workload = target.__self__, kwargs["workload"]
        super().__init__(workload, server=worker._execution_api_server_url, log=self._write)
        self._file = Path(worker.base_log_folder, workload.log_path)
        self._error_file: Path = kwargs["error_file_path"]

    def failed(self, error: Exception) -> None:
        with suppress(OSError):  # as the released process does
            here().site.write(self._error_file, "".join(traceback.format_exception(error)))

    def _write(self, line: str) -> None:
        site = here().site
        site.write(self._file, f"{site.utcnow().isoformat()} {line}\n")
