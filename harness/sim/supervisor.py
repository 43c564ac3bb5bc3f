"""The released supervisor as a process of a node: what it forks, its sockets, signals and clock are the simulation's."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import psutil

from harness.ports import Site
from harness.sim import bridge
from harness.sim.http import sim_transport
from harness.sim.loop import SimLoop
from harness.sim.node import here
from harness.sim.patches import ModuleView, Swap
from harness.sim.pipes import Pipe, PipeSelector, pipe_pair, read
from harness.workers.client import ApiClient
from harness.workers.supervised import TaskRunner, supervise

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
        """Whether the executor should hear of success: the process of the supervisor exited with 0."""
        return await SupervisorProcess(self.job["command"]).ended == 0


class SupervisorProcess:
    """A supervisor, as `python -m airflow.sdk.execution_time.execute_workload` starts it."""

    def __init__(self, command: Mapping[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        self.command, self._node = command, here()
        self.handlers: dict[int, Callable[..., Any]] = {}
        self.childs_ends: list[Pipe] = []  # of the socket pairs that it has made
        self.ended: asyncio.Future[int] = loop.create_future()
        self.pid = self._node.new_pid()
        self._node.processes[self.pid] = self
        self.task = loop.create_task(self._run(), name=f"{self._node.name}: process {self.pid}")

    async def _run(self) -> None:
        code = 1
        try:
            code = await bridge.run_sync(self._live)
        finally:
            self._node.processes.pop(self.pid, None)
            if not self.ended.done():
                self.ended.set_result(code)

    def _live(self) -> int:
        _SUPERVISOR.set(self)
        server = f"{self._node.site.server_url}/execution/"
        with sim_transport() as transport:
            return supervise(self.command, server=server, transport=transport, selector=PipeSelector())

    def socketpair(self) -> tuple[Any, Pipe]:
        """A pair for a child: it takes over the first end with `fork`, so that nothing is left here to close."""
        childs, ours = pipe_pair()
        self.childs_ends.append(childs)
        return _Inherited(), ours

    def fork(self) -> int:
        """Start the child; the id of its process."""
        return ChildProcess(self.command, tuple(self.childs_ends)).pid

    def signal(self, sig: int) -> None:
        """A signal for which no handler is set is lost."""
        if handler := self.handlers.get(sig):
            handler(sig, None)


_SUPERVISOR: ContextVar[SupervisorProcess] = ContextVar("supervisor")


class _Inherited:
    """What a parent has of a socket that is its child's: it closes its copy."""

    def close(self) -> None:
        """Nothing: the child's copy stays open."""


class ChildProcess:
    """The forked task runner; has what the supervisor uses of psutil.Process."""

    def __init__(self, command: Mapping[str, Any], pipes: tuple[Pipe, ...]) -> None:
        self._node, self._pipes = here(), pipes
        self._code: int | None = None
        self._dead = False  # and may be reaped
        _, _, requests, logs = pipes  # the order in `WatchedSubprocess.start`
        self._runner = TaskRunner(
            command, self._node.site, send=requests.sendall, read=partial(read, requests), log=logs.sendall
        )
        self.pid = self._node.new_pid()
        self._node.processes[self.pid] = self
        self.task = asyncio.get_running_loop().create_task(
            self._run(), name=f"{self._node.name}: process {self.pid}"
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
        return pid or _SUPERVISOR.get().pid

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
    module = "airflow.sdk.execution_time.supervisor"
    clock = ModuleView(time, monotonic=lambda: UPTIME + loop.time())
    signals = ModuleView(signal, signal=_handle, getsignal=_handler)
    processes = ModuleView(psutil, Process=lambda pid: here().processes[pid])
    return [
        Swap(module, "time", clock, "its intervals read time.monotonic"),
        Swap(module, "os", _SupervisorOS(os), "its child is a process of its node, in virtual time"),
        Swap(module, "signal", signals, "it handles signals of its own process, not of ours"),
        Swap(module, "psutil", processes, "its child is no process that psutil could find"),
        Swap(module, "socketpair", lambda: _SUPERVISOR.get().socketpair(), "it waits on them in virtual time"),
    ]
