"""The promises that a plan has to name: each catches a mutant, and holds on the correct system in the same storm."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from fake_api import Settings
from harness import (
    Fleet,
    LoseReplies,
    Partition,
    Scenario,
    Stop,
    Tasks,
    Workers,
    minutes,
    seconds,
)
from harness.invariants import judge
from harness.model.faults import Fault
from harness.model.planning import make_plan
from harness.model.verdict import Answer
from harness.ports import Body
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.workers.client import Reply, Unreachable
from harness.workers.scripted import ScriptedWorker
from harness.workers.scripted_task import ScriptedTask


class HidesFailures(ScriptedTask):
    """Says nothing of a body that did not end well."""

    async def _report(self, task: Any, *, failed: bool, retry: bool) -> None:
        if not failed:
            await super()._report(task, failed=failed, retry=retry)


class KeepsItsToken(ScriptedTask):
    """Goes on with the first token, whatever the server sends."""

    async def _attempt(self, method: str, path: str, body: Any = None) -> Reply:
        token = self.token
        reply = await super()._attempt(method, path, body)
        self.token = token
        return reply


class TriesOnce(ScriptedTask):
    """The first call without an answer ends the try."""

    async def run(self) -> bool:
        try:
            return await super().run()
        except Unreachable:
            return False

    async def _call(self, method: str, path: str, body: Any = None) -> Reply:
        return await self._attempt(method, path, body)


class LosesHeart(ScriptedTask):
    """Kills the body a minute after it began, as if nobody had been heard of."""

    async def _accompany(self, body: Body, task: Any) -> bool:
        asyncio.get_running_loop().call_later(60, body.kill, "nothing was heard")
        return await super()._accompany(body, task)


class NeverAsks(ScriptedTask):
    """Tells the executor of a success and has not so much as asked whether it may begin."""

    async def run(self) -> bool:
        return True


class StaysOn(ScriptedWorker):
    """Heeds no SIGTERM."""

    async def run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        await super().run()


def trying(kind: type[ScriptedTask]) -> Callable[..., ScriptedWorker]:
    return partial(ScriptedWorker, attempt=kind)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What is wrong, in which storm, and which promise must notice."""

    breaks: str
    worker: Callable[..., ScriptedWorker]
    faults: tuple[Fault, ...] = ()
    lasting: float = 30.0
    failing_first: int = 0
    settings: Settings = field(default_factory=Settings)

    def scenario(self) -> Scenario:
        lasting = seconds(self.lasting)
        return Scenario(
            fleet=Fleet(count=2, slots=2, kind=Workers.SCRIPTED),
            tasks=Tasks(
                count=6, lasting=(lasting / 2, lasting), over=seconds(30), failing_first=self.failing_first
            ),
            faults=self.faults,
            invariants=(self.breaks,),
            until=minutes(10),
            settle=minutes(20),
        )


LOST = LoseReplies(a="worker-1", b="api", at=seconds(1), lasting=minutes(1), calls="ti.state", times=1)
MUTANTS = {
    "a worker that reports nothing of a body that failed": Mutant(
        breaks="every_end_is_reported",
        worker=trying(HidesFailures),
        failing_first=2,
    ),
    "a worker that goes on after SIGTERM": Mutant(
        breaks="stopped_workers_end", worker=StaysOn, faults=(Stop(target="worker-1", at=seconds(40)),)
    ),
    "a worker that ignores the token it was sent": Mutant(
        breaks="no_token_is_refused",
        worker=trying(KeepsItsToken),
        lasting=200.0,
        settings=Settings(jwt_expiration_time=60),
    ),
    "a worker that repeats no call": Mutant(
        breaks="tolerable_faults_cost_no_try", worker=trying(TriesOnce), faults=(LOST,)
    ),
    "a worker that kills a body for want of news": Mutant(
        breaks="bodies_outlive_outages",
        worker=trying(LosesHeart),
        lasting=200.0,
        faults=(Partition(a="worker-1", b="api", at=seconds(40), lasting=minutes(2)),),
    ),
    "a worker that reports jobs it never began as successes": Mutant(
        breaks="reports_match_bodies", worker=trying(NeverAsks)
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_breaks_the_promise(mutant: Mutant) -> None:
    plan = make_plan(mutant.scenario(), 1, name="mutant")
    verdict = judge(
        run_in_sim(plan, parts=Parts(scripted=mutant.worker, settings=mutant.settings)).history, plan
    )
    assert verdict.crashed == ()
    assert {found.invariant for found in verdict.counterexamples} == {mutant.breaks}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_the_correct_system_keeps_it_in_the_same_storm(mutant: Mutant) -> None:
    plan = make_plan(mutant.scenario(), 1, name="control")
    verdict = judge(run_in_sim(plan, parts=Parts(settings=mutant.settings)).history, plan)
    assert (verdict.counterexamples, verdict.answer) == ((), Answer.VALID)
