"""Every swap that simulation needs in code that is not ours: one row each, with its reason.

All are undone when the run ends. A seam that a library offers is used instead wherever there is one.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import socket
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import time_machine

from harness.errors import ThreadRefused
from harness.rng import Streams, uuid4, uuid7
from harness.sim import bridge
from harness.sim.loop import SimLoop
from harness.sim.network import OF_PROCESS
from harness.sim.node import NODE, here
from harness.sim.streams import IdleSocket
from harness.units import NANOSECONDS


@dataclass(frozen=True)
class Swap:
    """Put `new` in the place of `attribute` of `module`, because of `why`."""

    module: str
    attribute: str
    new: Any
    why: str


class NodeRandom:
    """Stands for the module `random`: draws from a stream of the node that draws, so hosts do not reshuffle each other."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def stream(self) -> Random:
        """The stream of the node on which the caller runs."""
        node = NODE.get()
        return self._streams.named(f"entropy/{node.name if node else 'harness'}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream(), name)


class ModuleView:
    """A module with some names replaced; everything else is the module's own."""

    def __init__(self, module: types.ModuleType, **replaced: Any) -> None:
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _clock(loop: SimLoop) -> list[Swap]:
    import time

    view = ModuleView(time, monotonic=loop.time, sleep=_refuse_sleep)
    return [
        Swap("httpcore._sync.http11", "time", view, "keep-alive expiry reads time.monotonic"),
        Swap("httpcore._async.http11", "time", view, "keep-alive expiry reads time.monotonic"),
    ]


def _edge_clock(loop: SimLoop) -> list[Swap]:
    import time

    view = ModuleView(time, monotonic=loop.time, sleep=_refuse_sleep)
    return [
        Swap("airflow.providers.edge3.cli.worker", "time", view, "drain deadlines read time.monotonic"),
        Swap("airflow.providers.edge3.cli.worker", "sleep", loop.sleep, "bound by name; see asyncio.sleep"),
        Swap("aiohttp.connector", "_SSL_CONTEXT_VERIFIED", OF_PROCESS, "each node's process has its own"),
        Swap("aiohttp.connector", "monotonic", loop.time, "the pool's keep-alive reads time.monotonic"),
    ]


def _refuse_sleep(seconds: float) -> None:
    raise ThreadRefused(f"time.sleep({seconds}) would stop the whole world: sleep on the loop")


def _no_threads() -> list[Swap]:
    return [
        Swap(
            "anyio.to_thread", "run_sync", _run_inline, "a thread would end determinism; these are file reads"
        ),
        Swap("threading.Thread", "start", _refuse_thread, "a thread would end determinism"),
    ]


async def _run_inline(func: Callable[..., Any], *args: Any, **_: Any) -> Any:
    return func(*args)


def _refuse_thread(thread: threading.Thread) -> None:
    raise ThreadRefused(f"{thread.name} wants to start a thread; in simulation there are none")


def _entropy(loop: SimLoop, random: NodeRandom, epoch_ns: int) -> list[Swap]:
    import uuid

    def seeded_uuid4() -> UUID:
        return uuid4(random.stream())

    def seeded_uuid7() -> UUID:
        return uuid7(unix_ms=(epoch_ns + loop.now) // 1_000_000, stream=random.stream())

    return [
        Swap("tenacity.wait", "random", random, "back-off jitter draws from the global random module"),
        Swap("airflow.sdk.api.client", "uuid7", seeded_uuid7, "correlation ids are random"),
        Swap(
            "airflow.api_fastapi.auth.tokens", "uuid", ModuleView(uuid, uuid4=seeded_uuid4), "jti is random"
        ),
    ]


class _NodeOS(ModuleView):
    """The module `os` as a process of the node sees it: its own environment and its own processes."""

    @property
    def environ(self) -> dict[str, str]:
        return here().environ

    @staticmethod
    def kill(pid: int, sig: int) -> None:
        process = here().processes.get(pid)
        if process is None:
            raise ProcessLookupError(f"no process {pid} on {here().name}")
        process.signal(sig)


def _hosts(process_class: type) -> list[Swap]:
    worker, edge_client = "airflow.providers.edge3.cli.worker", "airflow.providers.edge3.cli.api_client"
    return [
        Swap(worker, "Process", process_class, "job processes are greenlets of the worker's node"),
        Swap(worker, "os", _NodeOS(os), "each worker has an environment and a process table of its own"),
        Swap(
            edge_client, "jwt_generator", _forgetful(edge_client), "it remembers the secret of the first run"
        ),
        Swap(worker, "setproctitle", lambda title: None, "the harness keeps its own process title"),
        Swap("airflow.sdk.api.client", "get_hostname", lambda: here().name, "tasks report their node's name"),
        Swap("airflow.sdk.api.client", "getuser", lambda: "airflow", "histories must not hold who ran them"),
        Swap(
            "airflow.sdk.api.client:Client.request.retry",
            "sleep",
            bridge.sleep,
            "retries wait in virtual time",
        ),
        Swap(
            "aiohappyeyeballs.impl",
            "socket",
            ModuleView(socket, socket=IdleSocket),
            "no real sockets are opened",
        ),
        Swap(
            "aiohttp.connector", "DefaultResolver", _resolver(), "aiodns, where installed, would ask real DNS"
        ),
    ]


def _forgetful(edge_client: str) -> Any:
    return functools.cache(importlib.import_module(edge_client).jwt_generator.__wrapped__)


def _resolver() -> Any:
    return importlib.import_module("aiohttp.resolver").ThreadedResolver


def base_swaps(loop: SimLoop) -> list[Swap]:
    """What any simulation needs."""
    sleeping = Swap("asyncio", "sleep", loop.sleep, "a third of a run is sleeping: the loop's own costs half")
    return [*_clock(loop), *_no_threads(), sleeping]


def edge_swaps(loop: SimLoop, streams: Streams, *, epoch_ns: int, process_class: type) -> list[Swap]:
    """What the released EdgeWorker and SDK client need besides."""
    random = NodeRandom(streams)
    return [*_edge_clock(loop), *_entropy(loop, random, epoch_ns), *_hosts(process_class)]


def _owner(path: str) -> Any:
    """`package.module`, `package.module.Class` or `package.module:name.name`."""
    module, _, names = path.partition(":")
    try:
        owner: Any = importlib.import_module(module)
    except ModuleNotFoundError:
        module, _, name = module.rpartition(".")
        owner = getattr(importlib.import_module(module), name)
    for name in filter(None, names.split(".")):
        owner = getattr(owner, name)
    return owner


@contextmanager
def swapped(swaps: list[Swap]) -> Iterator[None]:
    """Apply the swaps; undo them at the end."""
    with ExitStack() as undo:
        for swap in swaps:
            owner = _owner(swap.module)
            undo.callback(setattr, owner, swap.attribute, getattr(owner, swap.attribute))
            setattr(owner, swap.attribute, swap.new)
        yield


@contextmanager
def wall_clock(loop: SimLoop, *, epoch_ns: int) -> Iterator[None]:
    """time.time and datetime.now read the clock of the node that asks, counted from `epoch_ns` (Unix time)."""

    def time_ns() -> int:
        node = NODE.get()
        return epoch_ns + loop.now + (node.clock_offset if node else 0)

    with time_machine.travel(epoch_ns // NANOSECONDS, tick=False) as traveller:
        traveller.time_ns = time_ns  # type: ignore[method-assign]
        yield


@contextmanager
def temporary_files(folder: Path) -> Iterator[None]:
    """What code under test writes for itself goes into the run's own folder, under the same names in every run."""
    import tempfile

    with ExitStack() as undo:
        for attribute, new in (("tempdir", str(folder)), ("_name_sequence", map(str, itertools.count()))):
            undo.callback(setattr, tempfile, attribute, getattr(tempfile, attribute))
            setattr(tempfile, attribute, new)
        yield
