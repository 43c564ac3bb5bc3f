"""Processes of other machines: a cluster of Dask, by the interface that the processes of this machine have too.

Dask runs the plan of a worker that was lost again, on another one. A worker of Dask lives in real time, so that each
plan is run in a process of its own beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from typing import Any

from harness.errors import BadParameter, MissingExtra, NotStarted, SimulationError
from harness.search.apart import apart

PATIENCE = 5.0
"""Seconds until a scheduler has answered."""


class Cluster(Executor):
    """The cluster behind an executor of `dask.distributed`; `cores` is how many plans it runs at once."""

    def __init__(self, inner: Executor, *, cores: int, scenarios: tuple[str, ...]) -> None:
        self._inner, self.cores, self._scenarios = inner, cores, scenarios

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._inner.submit(apart, self._scenarios, fn, *args)


@contextlib.contextmanager
def cluster(address: str, *, scenarios: Iterable[str] = (), patience: float = PATIENCE) -> Iterator[Cluster]:
    """The workers of the Dask scheduler at that address, `tcp://HOST:PORT` or `HOST:PORT`.

    Raises MissingExtra where Dask is not installed, BadParameter for what is no address, NotStarted where no scheduler
    answers or it has no workers, SimulationError where it is lost.
    """
    client = _connected(address, patience)
    try:
        cores = sum(client.nthreads().values())
        if not cores:
            raise NotStarted(
                f"the Dask scheduler at {address} has no workers: start some with `dask worker {address}`"
            )
        inner = client.get_executor(pure=False)  # not pure: what is to be done again is done again
        with _lost_in_a_line(address):
            yield Cluster(inner, cores=cores, scenarios=tuple(scenarios))
        inner.shutdown(wait=False)
    finally:
        client.close(timeout=patience)


def _connected(address: str, patience: float) -> Any:
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
    except ModuleNotFoundError as error:
        raise MissingExtra(f"--dask needs {error.name}: pip install 'airflow-remote-harness[dask]'") from None
    for name in ("distributed", "distributed.client", "distributed.comm", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what it would say, we say in a line
    try:
        parse_host_port(parse_address(address)[1])
    except ValueError as error:
        raise BadParameter(f"--dask {address}: {_said(error)}; write it like tcp://127.0.0.1:8786") from None
    try:
        asyncio.run(_greet(address, patience))  # a Client would try again and again, long after its timeout
        return Client(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise NotStarted(
            f"no Dask scheduler answers at {address} ({_said(error)}): start one with `dask scheduler`,"
            " or leave --dask out"
        ) from None


async def _greet(address: str, patience: float) -> None:
    from distributed.comm.core import connect

    async with asyncio.timeout(patience):
        comm = await connect(address, timeout=patience)
        await comm.close()


@contextlib.contextmanager
def _lost_in_a_line(address: str) -> Iterator[None]:
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError, KilledWorker, ChildProcessError) as error:
        raise SimulationError(
            f"the Dask cluster at {address} was lost, or what it ran ({_said(error)}): give the same command again,"
            " and it goes on from here"
        ) from None


def _said(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
