"""One live run from set-up to tear-down: nothing of it is left after, however it ends."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from fake_api import Settings
from harness.driver import drive
from harness.live.commands import Camp
from harness.live.guardian import guarded
from harness.live.workload import write_workload
from harness.live.world import LiveWorld
from harness.model.plan import Plan
from harness.model.plan_file import plan_to_json
from harness.units import NANOSECONDS

Progress = Callable[[float], None]
#: Seconds between two reports of progress.
TOLD_EVERY = 0.5


def run_live(plan: Plan, *, progress: Progress | None = None) -> LiveWorld:
    """Drive the plan through a live world of its own; the world's History is complete."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-remote-harness-live-"))
    with guarded(folder):
        camp = _pitch(plan, folder)
        return asyncio.run(_drive(plan, camp, progress))


def _pitch(plan: Plan, folder: Path) -> Camp:
    camp = Camp(folder=folder, jwt_secret=secrets.token_hex(32))
    for each in (camp.dags, camp.marks):
        each.mkdir()
    camp.plan.write_text(plan_to_json(plan))
    write_workload(camp.dags, plan.submissions)
    return camp


async def _drive(plan: Plan, camp: Camp, progress: Progress | None) -> LiveWorld:
    world = LiveWorld(plan, camp=camp, settings=Settings(jwt_secret=camp.jwt_secret))
    telling = asyncio.create_task(_tell(world, progress)) if progress else None
    try:
        await drive(plan, world)
    finally:
        if telling:
            telling.cancel()
    return world


async def _tell(world: LiveWorld, progress: Progress) -> None:
    while True:
        progress(world.clock.now() / NANOSECONDS)
        await asyncio.sleep(TOLD_EVERY)
