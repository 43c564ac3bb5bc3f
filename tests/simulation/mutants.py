"""Wrong workers and wrong servers, one row each, and the invariant that must catch them.

Each is the correct system with one thing done wrong, run through a scenario that gives the wrong a chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from fake_api import RULES, Rules, Settings
from fake_api.outcome import NO_CONTENT, Outcome, Reply, task_instance_moved
from harness import (
    Fleet,
    Kill,
    LoseReplies,
    LoseRequests,
    Partition,
    Scenario,
    Tasks,
    Workers,
    minutes,
    seconds,
)
from harness.model.faults import Fault
from harness.sim.world import Parts
from harness.workers.scripted import ScriptedWorker
from tests.simulation import wrong_tries

# -- wrong servers ---------------------------------------------------------------------------------------


def hands_out_twice(*args: Any, **options: Any) -> Outcome:
    """The job stays queued: the next worker that asks gets it as well."""
    return replace(RULES.fetch_job(*args, **options), rows=())


def runs_anything(ti: Any, **options: Any) -> Outcome:
    """Any process may run a task instance that another process runs."""
    return RULES.run(ti if ti is None else replace(ti, state="queued"), **options)


def forgets_success(ti: Any, *, payload: Mapping[str, Any], **options: Any) -> Outcome:
    """Success is acknowledged and not stored."""
    if payload["state"] == "success":
        return Outcome(reply=NO_CONTENT)
    return RULES.update_state(ti, payload=payload, **options)


def undoes_success(ti: Any, *, payload: Mapping[str, Any], now: Any, **options: Any) -> Outcome:
    """A success makes the task queued again."""
    if ti is not None and payload["state"] == "success":
        row = replace(ti, state="queued")
        return Outcome(rows=(row,), changes=task_instance_moved(ti, row, at=now, cause="PATCH state"))
    return RULES.update_state(ti, payload=payload, now=now, **options)


def takes_retry_for_success(ti: Any, *, payload: Mapping[str, Any], **options: Any) -> Outcome:
    """A task that asks for a retry has succeeded."""
    if payload["state"] == "up_for_retry":
        payload = {**payload, "state": "success", "task_outlets": [], "outlet_events": []}
    return RULES.update_state(ti, payload=payload, **options)


def runs_unseen(*args: Any, **options: Any) -> Outcome:
    """A task is set to running, and nobody is told."""
    return replace(RULES.run(*args, **options), changes=())


def never_has_work(*args: Any, **options: Any) -> Outcome:
    """There is never a job for anybody."""
    return Outcome(reply=Reply(200, None))


# -- wrong workers ---------------------------------------------------------------------------------------


class GivesUp(ScriptedWorker):
    """The first call that is not answered ends the worker."""

    async def _edge_call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return (await self._edge_attempt(options.get("client") or self._edge, method, path, body)).json()


class MiscountsSlots(ScriptedWorker):
    """Believes that all its slots are free."""

    @property
    def free_slots(self) -> int:
        return self.planned.slots


class NeverReports(ScriptedWorker):
    """Runs its tasks and tells the executor nothing of their end."""

    async def _edge_call(self, method: str, path: str, *args: Any, **options: Any) -> Any:
        if path.startswith("jobs/state/") and not path.endswith("/running"):
            await asyncio.sleep(0)
            return None
        return await super()._edge_call(method, path, *args, **options)


class StopsFetching(ScriptedWorker):
    """Takes no work any more after a minute, and goes on with its heartbeats."""

    async def _poll_for_ever(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await super()._poll_for_ever()
        await asyncio.Event().wait()


# -- the table -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What is wrong, in which storm, and who must notice."""

    name: str
    caught_by: str
    rules: Rules = RULES
    settings: Settings = field(default_factory=Settings)
    worker: Callable[..., ScriptedWorker] = ScriptedWorker
    faults: tuple[Fault, ...] = ()
    slots: int = 2
    tasks: int = 8
    lasting: float = 30.0
    retry_delay: float = 300.0
    failing_first: int = 0

    def scenario(self) -> Scenario:
        """Two scripted workers, the tasks, and the faults."""
        lasting = seconds(self.lasting)
        return Scenario(
            fleet=Fleet(count=2, slots=self.slots, kind=Workers.SCRIPTED),
            tasks=Tasks(
                count=self.tasks,
                lasting=(lasting / 2, lasting),
                over=seconds(30),
                retry_delay=seconds(self.retry_delay),
                failing_first=self.failing_first,
            ),
            faults=self.faults,
            until=minutes(10),
            settle=minutes(20),
        )

    def parts(self) -> Parts:
        """The world's parts, with the wrong one among them."""
        return Parts(rules=self.rules, settings=self.settings, scripted=self.worker)


FOR_EVER = 1e9
CUT = Partition(a="worker-1", b="api", at=seconds(40), lasting=minutes(3))
LONG_CUT = replace(CUT, lasting=minutes(6))
DEATH = Kill(target="worker-1", at=seconds(40))

MUTANTS = (
    Mutant(
        name="a server that hands a job out twice and lets both run it",
        caught_by="no_task_runs_twice_at_once",
        rules=replace(RULES, fetch_job=hands_out_twice, run=runs_anything),
    ),
    Mutant(
        name="a scheduler that takes silent tasks for dead after ten seconds",
        caught_by="no_task_runs_twice_at_once",
        settings=Settings(task_instance_heartbeat_timeout=10),
        faults=(CUT,),
        slots=4,
        tasks=3,
        lasting=200.0,
        retry_delay=1.0,
    ),
    Mutant(
        name="a worker whose tasks send no heartbeats",
        caught_by="no_task_runs_twice_at_once",
        worker=wrong_tries.worker(wrong_tries.NeverBeats),
        tasks=3,
        lasting=800.0,
        retry_delay=1.0,
    ),
    Mutant(
        name="a scheduler that never misses a heartbeat",
        caught_by="every_task_finishes",
        settings=Settings(task_instance_heartbeat_timeout=FOR_EVER),
        faults=(DEATH,),
        lasting=200.0,
    ),
    Mutant(
        name="a scheduler that never rescues what is stuck in queued",
        caught_by="every_task_finishes",
        settings=Settings(task_queued_timeout=FOR_EVER),
        faults=(LoseReplies(a="*", b="api", at=seconds(1), lasting=minutes(2), calls="jobs.fetch", times=4),),
    ),
    Mutant(
        name="a server that acknowledges success and does not store it",
        caught_by="no_success_is_lost",
        rules=replace(RULES, update_state=forgets_success),
    ),
    Mutant(
        name="a worker that the first unanswered call ends",
        caught_by="every_worker_rejoins",
        worker=GivesUp,
        faults=(CUT,),
    ),
    Mutant(
        name="a server that queues a task again because it succeeded",
        caught_by="only_legal_transitions",
        rules=replace(RULES, update_state=undoes_success),
    ),
    Mutant(
        name="a worker that miscounts its slots",
        caught_by="slots_are_never_exceeded",
        worker=MiscountsSlots,
    ),
    Mutant(
        name="a worker that never reports a job's end to a server that never looks after it",
        caught_by="every_job_is_accounted_for",
        worker=NeverReports,
        settings=Settings(task_instance_heartbeat_timeout=FOR_EVER),
    ),
    Mutant(
        name="a worker that fetches nothing any more after a minute",
        caught_by="every_worker_rejoins",
        worker=StopsFetching,
    ),
    Mutant(
        name="a server that tells nobody that a task runs",
        caught_by="only_legal_transitions",
        rules=replace(RULES, run=runs_unseen),
    ),
    Mutant(
        name="a server that takes a task that is to be retried for one that succeeded",
        caught_by="reports_match_bodies",
        rules=replace(RULES, update_state=takes_retry_for_success),
        failing_first=4,
    ),
    Mutant(
        name="a worker that reports the success of bodies that it never began",
        caught_by="reports_match_bodies",
        worker=wrong_tries.worker(wrong_tries.NeverBegins),
    ),
    Mutant(
        name="a worker that kills bodies and reports their success",
        caught_by="reports_match_bodies",
        worker=wrong_tries.worker(wrong_tries.KillsAndSucceeds),
    ),
    Mutant(
        name="a worker that reports the success of bodies that failed",
        caught_by="reports_match_bodies",
        worker=wrong_tries.worker(wrong_tries.HidesFailure),
        failing_first=4,
    ),
    Mutant(
        name="a worker that reports success while the body goes on",
        caught_by="reports_match_bodies",
        worker=wrong_tries.worker(wrong_tries.SucceedsEarly),
    ),
    Mutant(
        name="a worker that reports the failure of bodies that ended well",
        caught_by="reports_match_bodies",
        worker=wrong_tries.worker(wrong_tries.HidesSuccess),
    ),
    Mutant(
        name="a worker that kills bodies on every try without a fault",
        caught_by="every_task_finishes",
        worker=wrong_tries.worker(wrong_tries.KillsAndFails),
        retry_delay=1.0,
    ),
    Mutant(
        name="a worker that kills bodies on every try while another one is cut off",
        caught_by="every_task_finishes",
        worker=wrong_tries.worker(wrong_tries.KillsAndFails),
        faults=(CUT,),
        retry_delay=1.0,
    ),
    Mutant(
        name="a worker that runs the body before it asks whether it may",
        caught_by="bodies_run_while_running",
        worker=wrong_tries.worker(wrong_tries.RunsBeforeAsking),
    ),
    Mutant(
        name="a worker that runs the body twice in one try",
        caught_by="bodies_run_while_running",
        worker=wrong_tries.worker(wrong_tries.RunsTwice),
    ),
    Mutant(
        name="a worker whose bodies go on when they were reported to have ended",
        caught_by="bodies_run_while_running",
        worker=wrong_tries.worker(wrong_tries.SucceedsEarly),
    ),
    Mutant(
        name="a worker whose bodies outlive their task because it never asks",
        caught_by="bodies_run_while_running",
        worker=wrong_tries.worker(wrong_tries.NeverBeats),
        tasks=3,
        lasting=800.0,
    ),
    Mutant(
        name="a worker whose bodies go on when their heartbeats are refused",
        caught_by="bodies_run_while_running",
        worker=wrong_tries.worker(wrong_tries.HeedsNothing),
        faults=(LONG_CUT,),
        slots=4,
        tasks=3,
        lasting=800.0,
    ),
    Mutant(
        name="a fault that never strikes",
        caught_by="every_fault_struck",
        faults=(LoseRequests(a="*", b="api", at=seconds(1), lasting=minutes(1), calls="ti.skip_downstream"),),
    ),
    Mutant(
        name="a server that never has work",
        caught_by="work_was_done",
        rules=replace(RULES, fetch_job=never_has_work),
    ),
)
