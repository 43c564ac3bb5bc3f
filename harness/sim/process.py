"""A job process of an edge worker: what `multiprocessing.Process` is to it, run as a greenlet of its node."""

from __future__ import annotations

import asyncio
import signal
import traceback
from pathlib import Path
from typing import Any

from harness.sim import bridge
from harness.sim.http import sim_transport
from harness.sim.node import Node, here
from harness.workers.edge import task_process
from harness.workers.task_process import TaskProcess


class SimProcess:
    """Has what EdgeWorker and its Job use of a Process: start, pid, is_alive, exitcode."""

    def __init__(self, *, target: Any, kwargs: dict[str, Any]) -> None:
        self._worker, self._workload = target.__self__, kwargs["workload"]
        self._error_file: Path = kwargs["error_file_path"]
        self._node: Node = here()
        self._life: TaskProcess | None = None
        self.task: asyncio.Task[None] | None = None
        self.pid: int | None = None
        self.exitcode: int | None = None

    def start(self) -> None:
        """Run in the background of the node."""
        self.pid = self._node.new_pid()
        self._node.processes[self.pid] = self
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(self._run(), name=f"{self._node.name}: process {self.pid}")

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.exitcode is None

    def signal(self, sig: int) -> None:
        """SIGKILL ends it; SIGTERM is forwarded to the task, which goes on (as a PythonOperator does)."""
        if sig == signal.SIGKILL and self.task is not None and self.is_alive():
            if self._life is not None and self._life.body is not None:
                self._life.body.kill("its process was killed")
            self.task.cancel()
            self._exit(-signal.SIGKILL)

    async def _run(self) -> None:
        code = 1
        try:
            code = await bridge.run_sync(self._live)
        except Exception:  # noqa: BLE001 - as the released worker's own child process
            self._error_file.write_text(traceback.format_exc())
        finally:
            self._exit(code)

    def _live(self) -> int:
        site = self._node.site
        with sim_transport() as transport:
            self._life = task_process(
                self._workload,
                server=self._worker._execution_api_server_url,
                site=site,
                pid=self.pid or 0,
                transport=transport,
                sleep=bridge.sleep,
                log=self._log,
            )
            return self._life.run()

    def _log(self, line: str) -> None:
        path = Path(self._worker.base_log_folder, self._workload.log_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"{self._node.site.utcnow().isoformat()} {line}\n")

    def _exit(self, code: int) -> None:
        if self.exitcode is None:
            self.exitcode = code
            self._node.processes.pop(self.pid or 0, None)
