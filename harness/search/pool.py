"""Where plans are run: anything with the interface of `concurrent.futures.Executor`; here, processes of this machine."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from harness import catalogue
from harness.errors import SimulationError
from harness.model.plan import Plan
from harness.search.outcome import Examined, Runner, examine

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
    pool: Executor, jobs: Iterable[Job], *, runner: Runner, at_once: int
) -> Iterator[tuple[Job, Examined]]:
    """Each job with what it showed, in the order in which they end; no more than `at_once` wait in the pool."""
    pending: dict[Future[Examined], Job] = {}
    try:
        for job in jobs:
            pending[pool.submit(examine, job.plan, runner, job.replay)] = job
            if len(pending) >= at_once:
                yield from _ended(pending)
        while pending:
            yield from _ended(pending)
    except BrokenProcessPool:
        raise SimulationError(
            "a process of the search was killed, perhaps for want of memory: give the same command again with fewer"
            " --jobs, and it goes on from here"
        ) from None
    finally:
        for future in pending:
            future.cancel()


def _ended(pending: dict[Future[Examined], Job]) -> Iterator[tuple[Job, Examined]]:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in sorted(done, key=lambda each: pending[each].key):
        yield pending.pop(future), future.result()
