"""Drives a plan through a world: submit the work, let the storm rage, heal, settle, stop."""

from __future__ import annotations

import asyncio

from harness.model.plan import Plan, Submission
from harness.nemesis import lateness, unleash
from harness.ports import World


async def drive(plan: Plan, world: World) -> None:
    """Run the plan to its end; what happened is in `world.history`."""
    await world.start()
    try:
        _act(world, "storm")
        async with asyncio.TaskGroup() as group:
            group.create_task(_submit_all(plan.submissions, world), name="submit")
            group.create_task(unleash(plan, world), name="nemesis")
        await world.clock.sleep_until(plan.until)
        late = lateness(world.clock, plan.until)
        _act(world, "calm")
        await world.clock.sleep_until(plan.until + plan.settle + late)
        await world.catch_up()
        _act(world, "end")
    finally:
        await world.stop()


def _act(world: World, name: str) -> None:
    world.record(witness="world", process="driver", type="info", f="act", value={"act": name})


async def _submit_all(submissions: tuple[Submission, ...], world: World) -> None:
    for task in sorted(submissions, key=lambda each: each.at):
        await world.clock.sleep_until(task.at)
        ti = world.server.submit(task)
        value = {
            "task": task.key,
            "ti": ti,
            "retries": task.retries,
            "queue": task.queue,
            "slots": task.slots,
        }
        world.record(witness="world", process="driver", type="info", f="task.submit", value=value)
