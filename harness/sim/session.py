"""One simulated run from set-up to tear-down: loop, swaps, clock, environment; nothing of it is left after."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from fake_api import Settings
from harness.driver import drive
from harness.errors import NotAlone
from harness.interrupts import heeded, put_off
from harness.model.options import environment
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.rng import Streams
from harness.sim.loop import SimLoop
from harness.sim.option_swaps import option_swaps
from harness.sim.patches import (
    base_swaps,
    edge_swaps,
    swapped,
    temporary_files,
    wall_clock,
)
from harness.sim.server import url
from harness.sim.supervisor import supervisor_swaps
from harness.sim.world import EPOCH, Parts, SimWorld
from harness.units import NANOSECONDS, minutes, nanoseconds, seconds
from harness.workers.edge import airflow_options, require_airflow
from harness.workers.surroundings import as_before, only_these_options, quiet_logs

EPOCH_NS = int(EPOCH.timestamp()) * NANOSECONDS
HOUSEKEEPING = seconds(60)
"""How often, in virtual time, garbage is collected and progress told: at the same moments in every run."""

PATIENCE = minutes(10)
"""How long, in virtual time, cancelled tasks may take to end."""
CANCELLED_MOST = 5
"""How often they are cancelled: one that swallowed it has to hear it again."""

_UNDER_WAY = threading.Lock()

Progress = Callable[[float], None]


def prepare(plan: Plan) -> None:
    """Import what the plan's workers need, which takes seconds. Raises MissingExtra and UsageError.

    A signal waits meanwhile: half of an import would stay in this process and break every later run.
    """
    if _runs_airflow(plan):
        with put_off():
            require_airflow()


def _has(plan: Plan, *kinds: Workers) -> bool:
    return any(worker.kind in kinds for worker in plan.workers)


def _runs_airflow(plan: Plan) -> bool:
    return _has(plan, Workers.EDGE, Workers.SUPERVISED)


def run_in_sim(plan: Plan, *, parts: Parts | None = None, progress: Progress | None = None) -> SimWorld:
    """Drive the plan through a simulated world of its own; the world's History is complete.

    Raises NotAlone inside a running event loop, and while another run is under way in this process;
    and what `progress` raises.
    """
    prepare(plan)
    parts = parts or Parts()
    limit = nanoseconds(plan.until + plan.settle + seconds(1))
    with ExitStack() as stack:
        stack.enter_context(_alone())
        loop = SimLoop(limit=limit)
        stack.enter_context(heeded(loop.break_off))
        folder = Path(stack.enter_context(_temporary_folder()))
        stack.enter_context(_surroundings(loop, plan, folder, parts.settings))
        stack.callback(tear_down, loop)
        world = SimWorld(plan, loop=loop, folder=folder, parts=parts)
        _keep_house(loop, progress)
        loop.run_until_complete(loop.create_task(drive(plan, world), name="driver"))
    return world


@contextmanager
def _alone() -> Iterator[None]:
    """Clock and sleep are swapped for the whole process: nothing else may need them meanwhile."""
    if asyncio._get_running_loop() is not None:
        raise NotAlone(
            "an event loop is running here: run the plan from synchronous code, a plain `def test_…`"
        )
    if not _UNDER_WAY.acquire(blocking=False):
        raise NotAlone(
            "another run is under way in this process: run one after the other, or in two processes"
        )
    try:
        yield
    finally:
        _UNDER_WAY.release()


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="airflow-remote-harness-run-", ignore_cleanup_errors=True)


@contextmanager
def _surroundings(loop: SimLoop, plan: Plan, folder: Path, settings: Settings) -> Iterator[None]:
    swaps = base_swaps(loop)
    options = {}
    if _runs_airflow(plan):
        from harness.sim.process import SimProcess

        swaps += edge_swaps(loop, Streams(plan.seed), epoch_ns=EPOCH_NS, process_class=SimProcess)
        swaps += [*option_swaps(plan.options), *supervisor_swaps(loop)]
        options = airflow_options(api=url(plan.tls), jwt_secret=settings.jwt_secret, logs=folder / "logs")
        options |= environment(plan.options)
    with (
        only_these_options(options),
        as_before(),
        swapped(swaps),
        temporary_files(folder),
        quiet_logs(),
        wall_clock(loop, epoch_ns=EPOCH_NS),
        _no_automatic_garbage(),
    ):
        yield


@contextmanager
def _no_automatic_garbage() -> Iterator[None]:
    """Finalizers may act; when the collector runs must not depend on what else this process did before."""
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def _keep_house(loop: SimLoop, progress: Progress | None) -> None:
    gc.collect(1)
    if progress is not None:
        try:
            progress(loop.time())
        except BaseException as error:  # noqa: BLE001 - the caller's own: it comes out of the run as it is
            loop.break_off(error)
    loop.call_later(HOUSEKEEPING.total_seconds(), _keep_house, loop, progress)


def tear_down(loop: SimLoop) -> None:
    """Cancel whatever still waits, and close the loop."""
    loop.limit = 2**62
    loop.release_all()
    loop.set_exception_handler(lambda loop, context: None)
    with closing(loop):
        loop.run_until_complete(_end_all_tasks())
        if loop.network is not None:
            loop.network.forget()
        loop.run_until_complete(loop.shutdown_asyncgens())


async def _end_all_tasks() -> None:
    """Cancel until none is left: a group of tasks that is cancelled while one of it fails goes on after the first time."""
    for _ in range(CANCELLED_MOST):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=PATIENCE.total_seconds())
