"""The released supervisor as a process of a node: what it forks, its sockets, signals and clock are the simulation's."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.ports import Site
from harness.sim import bridge
from harness.sim.http import sim_transport
from harness.sim.loop import SimLoop
from harness.sim.node import here
from harness.sim.patches import ModuleView, Swap
from harness.sim.pipes import Pipe, PipeSelector, pipe_pair, read
from harness.workers.client import ApiClient
from harness.workers.supervised import TaskRunner, read_workload, supervise

UPTIME = 86_400.0
"""Seconds that a host has run when the world begins: on a supervisor's clock, 0 is never."""

UNREAPED = 0.001
"""Seconds from the moment a dying process's sockets close to the one its parent may reap it. The kernel does it in
that order, and a supervisor that finds all sockets closed and its child not dead waits another interval.
"""


@dataclass
class SupervisedTry:
    """One try of a task under the released supervisor, as `harness.workers.scripted.Try`."""

    site: Site
    job: dict[str, Any]
    client: ApiClient

    async def run(self) -> bool:
        """Whether the executor should hear of success: the process of the supervisor exited with 0.

        It is `python -m airflow.sdk.execution_time.execute_workload`, which makes nothing of its child's exit code.
        """
        server = f"{self.site.server_url}/execution/"
        process = SupervisorProcess(read_workload(self.job["command"]), server=server)
        process.start()
        await process.ended.wait()
        return process.error is None and process.exitcode != -signal.SIGKILL


class SupervisorProcess:
    """A process with a supervisor in it. Has what EdgeWorker and its Job use of a Process: pid, is_alive, exitcode."""

    def __init__(self, workload: Any, *, server: str, log: Callable[[str], None] = lambda line: None) -> None:
        self._workload, self._server, self._log = workload, server, log
        self._node = here()
        self._ends: list[Pipe] = []  # its own ones of the socket pairs that it has made
        self._childs_ends: list[Pipe] = []
        self.handlers: dict[int, Callable[..., Any]] = {}
        self.task: asyncio.Task[None] | None = None
        self.pid: int | None = None
        self.exitcode: int | None = None
        self.error: Exception | None = None
        self.ended = asyncio.Event()

    def start(self) -> None:
        """Run in the background of the node."""
        self.pid = self._node.new_pid()
        self._node.processes[self.pid] = self
        name = f"{self._node.name}: process {self.pid}"
        self.task = asyncio.get_running_loop().create_task(
            self._run(), name=name, context=self._node.context(self)
        )

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.exitcode is None

    def signal(self, sig: int) -> None:
        """SIGKILL ends it, and its child lives on until it needs it; one for which no handler is set is lost."""
        if sig == signal.SIGKILL and self.task is not None:
            self.task.cancel()
            self._exit(-sig)
        elif handler := self.handlers.get(sig):
            handler(sig, None)

    async def _run(self) -> None:
        code = 1
        try:
            code = await bridge.run_sync(self._live) & 0xFF
        except Exception as error:  # noqa: BLE001 - ends the released process with a traceback
            self.error = error
            self.failed(error)
        finally:
            self._exit(code)

    def failed(self, error: Exception) -> None:
        """Called with what the supervisor raised."""

    def _live(self) -> int:
        _SUPERVISOR.set(self)
        with sim_transport(self._node.site.sdk_context()) as transport:
            return supervise(
                self._workload,
                server=self._server,
                transport=transport,
                selector=PipeSelector(),
                log=self._log,
            )

    def _exit(self, code: int) -> None:
        if self.exitcode is None:
            self.exitcode = code
            for pipe in self._ends:
                pipe.close()
            self._node.processes.pop(self.pid or 0, None)
            self.ended.set()

    def socketpair(self) -> tuple[Any, Pipe]:
        """A pair for a child: it takes over the first end with `fork`, so that nothing is left here to close."""
        childs, ours = pipe_pair()
        self._childs_ends.append(childs)
        self._ends.append(ours)
        return _Inherited(), ours

    def fork(self) -> int:
        """Start the child; the id of its process."""
        return ChildProcess(self._workload, tuple(self._childs_ends)).pid


_SUPERVISOR: ContextVar[SupervisorProcess] = ContextVar("supervisor")


class _Inherited:
    """What a parent has of a socket that is its child's: it closes its copy."""

    def close(self) -> None:
        """Nothing: the child's copy stays open."""


class ChildProcess:
    """The forked task runner; has what the supervisor uses of psutil.Process."""

    def __init__(self, workload: Any, pipes: tuple[Pipe, ...]) -> None:
        self._node, self._pipes = here(), pipes
        self._code: int | None = None
        self._dead = False  # and may be reaped
        _, _, requests, logs = pipes  # the order in `WatchedSubprocess.start`
        self._runner = TaskRunner(
            workload, self._node.site, send=requests.sendall, read=partial(read, requests), log=logs.sendall
        )
        self.pid = self._node.new_pid()
        self._node.processes[self.pid] = self
        self.task = asyncio.get_running_loop().create_task(
            self._run(), name=f"{self._node.name}: process {self.pid}", context=self._node.context(self)
        )

    async def _run(self) -> None:
        code = 1
        try:
            code = await self._runner.run()
        except (EOFError, BrokenPipeError):
            pass  # the supervisor is gone
        finally:
            self._exit(code)

    def signal(self, sig: int) -> None:
        """SIGTERM calls the operator's on_kill, and the task goes on; before it has begun, the default is to die."""
        if sig == signal.SIGKILL or (sig == signal.SIGTERM and self._runner.body is None):
            if self._runner.body is not None:
                self._runner.body.kill("its supervisor killed it")
            self.task.cancel()
            self._exit(-sig)

    send_signal = signal

    def wait(self, timeout: float | None) -> int:
        """The exit code, negative for a signal. Raises psutil.TimeoutExpired while it lives."""
        psutil = importlib.import_module("psutil")  # it comes with Airflow
        if not self._dead or self._code is None:
            raise psutil.TimeoutExpired(timeout or 0, self.pid)
        self._node.processes.pop(self.pid, None)
        return self._code

    def _exit(self, code: int) -> None:
        if self._code is None:
            self._code = code
            for pipe in self._pipes:
                pipe.close()
            asyncio.get_running_loop().call_later(UNREAPED, self._die)

    def _die(self) -> None:
        self._dead = True


class _SupervisorOS(ModuleView):
    """The module `os` as the supervisor sees it: its fork, and the process groups of its node."""

    @staticmethod
    def fork() -> int:
        return _SUPERVISOR.get().fork()

    @staticmethod
    def setpgid(pid: int, group: int) -> None:
        """Each child is the leader of a group of its own, and alone in it."""

    @staticmethod
    def getpgid(pid: int) -> int:
        if pid and pid not in here().processes:
            raise ProcessLookupError(f"no process {pid} on {here().name}")
        return pid or _SUPERVISOR.get().pid or 0

    @staticmethod
    def kill(pid: int, sig: int) -> None:
        if pid not in here().processes:
            raise ProcessLookupError(f"no process {pid} on {here().name}")
        here().processes[pid].signal(sig)

    killpg = kill


def _handle(sig: int, handler: Any) -> None:
    _SUPERVISOR.get().handlers[sig] = handler


def _handler(sig: int) -> Any:
    return _SUPERVISOR.get().handlers.get(sig)


def supervisor_swaps(loop: SimLoop) -> list[Swap]:
    """What the released supervisor needs."""
    psutil = importlib.import_module("psutil")
    module = "airflow.sdk.execution_time.supervisor"
    clock = ModuleView(time, monotonic=lambda: UPTIME + loop.time())
    signals = ModuleView(signal, signal=_handle, getsignal=_handler)
    processes = ModuleView(psutil, Process=lambda pid: here().processes[pid])
    return [
        Swap(module, "time", clock, "its intervals read time.monotonic"),
        Swap(module, "os", _SupervisorOS(os), "its child is a process of its node, in virtual time"),
        Swap(module, "signal", signals, "it handles signals of its own process, not of ours"),
        Swap(module, "psutil", processes, "its child is no process that psutil could find"),
        Swap(
            module,
            "reconfigure_logger",
            lambda log, *_, **__: log,
            "it would write a task's log as quietly as its own",
        ),
        Swap(
            module, "socketpair", lambda: _SUPERVISOR.get().socketpair(), "it waits on them in virtual time"
        ),
    ]
