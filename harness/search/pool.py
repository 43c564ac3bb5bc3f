"""Where plans are run: anything with the interface of `concurrent.futures.Executor`; here, processes of this machine."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, TypeVar

from harness import catalogue
from harness.errors import SimulationError
from harness.model.plan import Plan

K = TypeVar("K")
T = TypeVar("T")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Job:
    """One plan to run, and the name under which its outcome is kept."""

    key: str
    plan: Plan
    replay: str = "harness replay plan.json"


class Inline(Executor):
    """Runs each job at once, in this process: for one job at a time, and for tests."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - `Future.result` raises it
            future.set_exception(error)
        return future


@contextlib.contextmanager
def executor(jobs: int, *, scenarios: Iterable[str] = ()) -> Iterator[Executor]:
    """That many fresh processes, which know the invariants of those scenarios' files; one job needs none.

    They ignore Ctrl-C, which is ours to handle, and end with us, however we end: at once where the search is broken
    off, for what they are at would be thrown away.
    """
    if jobs == 1:
        yield Inline()
        return
    context = multiprocessing.get_context("spawn")  # a forked one would have this process's state in it
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=ready, initargs=(tuple(scenarios),))
    try:
        yield pool
    except BaseException:
        for child in multiprocessing.active_children():
            if child not in others:
                child.terminate()  # not killed: a run heeds this, and takes its temporary files away
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def ready(scenarios: tuple[str, ...]) -> None:
    """Make this a process of a search: it leaves Ctrl-C to whoever started it, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for scenario in scenarios:
        catalogue.find(scenario)


def gather(
    pool: Executor, calls: Iterable[tuple[K, Callable[[], T]]], *, at_once: int
) -> Iterator[tuple[K, T]]:
    """Each name with what its call returned, in the order in which they end; no more than `at_once` wait in the pool.

    Raises SimulationError where a process of the pool was lost.
    """
    pending: dict[Future[T], K] = {}
    try:
        for name, call in calls:
            pending[pool.submit(call)] = name
            if len(pending) >= at_once:
                yield from _ended(pending)
        while pending:
            yield from _ended(pending)
    except BrokenProcessPool:
        raise SimulationError(
            "a process was killed, perhaps for want of memory: give the same command again with fewer --jobs; what is"
            " stored goes on from here"
        ) from None
    finally:
        for future in pending:
            future.cancel()


def _ended(pending: dict[Future[T], K]) -> Iterator[tuple[K, T]]:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in [each for each in pending if each in done]:  # as they were given, of those that ended
        yield pending.pop(future), future.result()
