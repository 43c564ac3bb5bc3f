"""One simulated run from set-up to tear-down: loop, swaps, clock, environment; nothing of it is left after."""

from __future__ import annotations

import asyncio
import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fake_api import Settings
from harness.driver import drive
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.rng import Streams
from harness.sim.loop import SimLoop
from harness.sim.patches import (
    base_swaps,
    edge_swaps,
    environment,
    quiet_logs,
    swapped,
    temporary_files,
    wall_clock,
)
from harness.sim.server import URL
from harness.sim.world import EPOCH, Parts, SimWorld
from harness.units import NANOSECONDS, nanoseconds, seconds
from harness.workers.edge import airflow_options, require_airflow

EPOCH_NS = int(EPOCH.timestamp()) * NANOSECONDS
HOUSEKEEPING = seconds(60)
"""How often, in virtual time, garbage is collected and progress told: at the same moments in every run."""

Progress = Callable[[float], None]


def prepare(plan: Plan) -> None:
    """Import what the plan's workers need, which takes seconds. Raises MissingExtra."""
    if _has_edge_workers(plan):
        require_airflow()


def _has_edge_workers(plan: Plan) -> bool:
    return any(worker.kind is Workers.EDGE for worker in plan.workers)


def run_in_sim(plan: Plan, *, parts: Parts | None = None, progress: Progress | None = None) -> SimWorld:
    """Drive the plan through a simulated world of its own; the world's History is complete."""
    prepare(plan)
    limit = nanoseconds(plan.until + plan.settle + seconds(1))
    loop = SimLoop(limit=limit)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="airflow-remote-harness-run-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_surroundings(loop, plan, folder))
        world = SimWorld(plan, loop=loop, folder=folder, parts=parts)
        stack.callback(tear_down, loop)
        _keep_house(loop, progress)
        loop.run_until_complete(loop.create_task(drive(plan, world), name="driver"))
    return world


@contextmanager
def _surroundings(loop: SimLoop, plan: Plan, folder: Path) -> Iterator[None]:
    swaps = base_swaps(loop)
    options = {}
    if _has_edge_workers(plan):
        from harness.sim.process import SimProcess

        swaps += edge_swaps(loop, Streams(plan.seed), epoch_ns=EPOCH_NS, process_class=SimProcess)
        options = airflow_options(api=URL, jwt_secret=Settings().jwt_secret, logs=folder / "logs")
    with (
        environment(options),
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
        progress(loop.time())
    loop.call_later(HOUSEKEEPING.total_seconds(), _keep_house, loop, progress)


def tear_down(loop: SimLoop) -> None:
    """Cancel whatever still waits, and close the loop."""
    loop.limit = 2**62
    loop.release_all()
    loop.set_exception_handler(lambda loop, context: None)
    loop.run_until_complete(_end_all_tasks())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _end_all_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
