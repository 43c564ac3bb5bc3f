"""Runs a plan in a world and has it judged: the one way from a Plan to a Run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import BadParameter
from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.verdict import Verdict
from harness.nemesis import check_capable
from harness.units import NANOSECONDS

WORLDS = ("sim",)
DEFAULT_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Run:
    """A plan that was driven through a world, what happened, and how it is judged."""

    plan: Plan
    history: History
    verdict: Verdict
    world: str
    digest: str
    simulated_seconds: float
    wall_seconds: float
    api_calls: int


def run_plan(plan: Plan, *, world: str = "sim", progress: Callable[[float], None] | None = None) -> Run:
    """Drive the plan through a world of that name and judge its History.

    `progress` is told the simulated seconds now and then. Raises NotCapable where the world cannot
    do what the plan asks, MissingExtra where Airflow is needed and not installed.
    """
    if world not in WORLDS:
        raise BadParameter(f"there is no world {world!r}: choose one of {', '.join(WORLDS)}")
    from harness.sim.session import prepare, run_in_sim
    from harness.sim.world import SimWorld

    check_plan(plan)
    check_capable(plan, world=world, capabilities=SimWorld.capabilities)
    prepare(plan)
    begun = time.perf_counter()
    ended = run_in_sim(plan, progress=progress)
    wall = time.perf_counter() - begun
    history = ended.history
    return Run(
        plan=plan,
        history=history,
        verdict=judge(history, plan),
        world=world,
        digest=history.digest(),
        simulated_seconds=ended.clock.now() / NANOSECONDS,
        wall_seconds=wall,
        api_calls=sum(1 for _ in history.where(witness="client", type="invoke")),
    )
