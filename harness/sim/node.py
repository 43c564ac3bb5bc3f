"""One host of the simulated network, from one boot to its end: its address, its environment, its processes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any

NODE: ContextVar[Node | None] = ContextVar("node", default=None)
"""The node on which the running code runs; None is the harness itself and the wires."""

PROCESS: ContextVar[object] = ContextVar("process", default=None)
"""The process of that node: its worker's, which is `Node.main`, or one that the worker has started."""


class Node:
    """A host between one boot and its end. Everything that runs on it has it in its context."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, address
        self.environ: dict[str, str] = {"HOSTNAME": name}
        self.signal_handlers: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self.processes: dict[int, Any] = {}
        self.main = object()  # stands for the worker's own process
        self.tls_context: Any = None  # of the worker's process: what it trusted when it started
        self.site: Any = None  # what the host's workers find on it: harness.ports.Site
        # what the kernel must close when the processes die; dicts because their order is kept
        self.endpoints: dict[Any, None] = {}
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.ports: dict[int, Any] = {}
        self.alive = True
        self.pauses = 0  # how many faults hold it at the moment
        self.clock_offset = 0  # nanoseconds by which its wall clock is ahead
        self.on_task_error: Callable[[Node, str, BaseException], None] | None = None
        self._pids = itertools.count(100)
        self._ephemeral = itertools.count(32768)

    def context(self, process: object = None) -> Context:
        """A fresh context in which code runs on this node, be it in a process of it."""
        context = copy_context()
        context.run(NODE.set, self)
        context.run(PROCESS.set, process)
        return context

    def new_pid(self) -> int:
        """A process id that is not in use on this node."""
        return next(self._pids)

    def new_port(self) -> int:
        """A local port for an outgoing connection."""
        return 32768 + (next(self._ephemeral) - 32768) % 28232

    def task_done(self, task: asyncio.Task[Any]) -> None:
        """Forget the task; report the error of one that nobody awaits."""
        self.tasks.pop(task, None)
        # `_log_traceback` is how asyncio itself knows that nobody has looked at the error yet
        if self.on_task_error is not None and task._log_traceback:
            # whoever awaits the task is woken by callbacks that are already in the queue before this one
            task.get_loop().call_soon(self._report, task, self.on_task_error)

    def _report(self, task: asyncio.Task[Any], on_error: Callable[[Node, str, BaseException], None]) -> None:
        if task._log_traceback and (error := task.exception()) is not None:
            on_error(self, _name(task), error)

    def __repr__(self) -> str:
        return f"<Node {self.name}>"


def _name(task: asyncio.Task[Any]) -> str:
    coro = task.get_coro()
    return getattr(coro, "__name__", str(coro))


def here() -> Node:
    """The node on which the caller runs. Raises RuntimeError where there is none."""
    node = NODE.get()
    if node is None:
        raise RuntimeError("no node: start this code with a node's context")
    return node
