"""One mutant on trial: its plans are run until a promise tells, and each on the correct system, where none may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from harness.errors import HarnessError
from harness.invariants import judge
from harness.model.plan import Plan
from harness.model.verdict import Answer, Kind, Verdict
from harness.search.mutants import MUTANTS
from harness.search.mutants.mutant import Mutant
from harness.sim.session import run_in_sim
from harness.sim.world import Parts
from harness.workers.scripted import ScriptedWorker


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    CRASHED = "crashed"  # an error of ours, which is no kill
    FALSE_ALARM = "false alarm"  # the correct system broke a promise on the same plan


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of a mutant, after how many seeds and seconds, the runs of the correct system included.

    `promise` is the one that told, `broken` are all that its last run broke, `summary` is the finding, or what crashed.
    """

    mutant: str
    fate: Fate
    seeds: int
    seconds: float
    promise: str = ""
    broken: tuple[str, ...] = ()
    summary: str = ""


@dataclass
class _Crashes:
    """Errors that are no part of what is wrong with a mutant: ours, or of the mutant's own code."""

    found: list[str] = field(default_factory=list)

    def note(self, error: BaseException) -> None:
        for each in _leaves(error):
            expected = isinstance(each, (HarnessError, OSError)) or type(each).__module__.startswith(
                "fake_api"
            )
            if isinstance(each, Exception) and not expected:
                self.found.append(f"{type(each).__name__}: {each}")

    def watched(self, parts: Parts) -> Parts:
        """The same parts; what ends a worker is noted, and what the server answers with a 500 for."""

        def server(*about: Any, **more: Any) -> Any:
            port = parts.server(*about, **more)
            port.failed = self.note
            return port

        def scripted(*about: Any) -> Any:
            return _Watched(parts.scripted(*about), self.note)

        return replace(parts, server=server, scripted=scripted)


@dataclass
class _Watched:
    """A worker of which it is noted what ended it."""

    worker: ScriptedWorker
    note: Callable[[BaseException], None]

    async def run(self) -> None:
        try:
            await self.worker.run()
        except BaseException as error:
            self.note(error)
            raise


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def run_parts(plan: Plan, parts: Parts) -> tuple[Verdict | None, tuple[str, ...]]:
    """The verdict over a world of those parts, None where the run itself crashed; and the crashes."""
    crashes = _Crashes()
    verdict = None
    try:
        verdict = judge(run_in_sim(plan, parts=crashes.watched(parts)).history, plan)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no kill
        crashes.found.append(f"{type(error).__name__}: {error}")
    return verdict, (*crashes.found, *(verdict.crashed if verdict else ()))


def trial(mutant: Mutant, *, seeds: int, first: int = 1, storm: bool = False) -> Trial:
    """Run the plans of the seeds from `first` on, `seeds` of them at most, until the mutant is killed.

    It is killed by a run that breaks the promise that is there for it, and no kill counts in which anything crashed.
    With `storm` the plans are storms drawn blindly, and any promise will do.
    """
    begun = time.perf_counter()
    broken: tuple[str, ...] = ()

    def told(fate: Fate, seed: int, promise: str = "", summary: str = "") -> Trial:
        return Trial(
            mutant=mutant.name,
            fate=fate,
            seeds=seed - first + 1,
            seconds=time.perf_counter() - begun,
            promise=promise,
            broken=broken,
            summary=summary,
        )

    for seed in range(first, first + seeds):
        plan = mutant.plan(seed, storm=storm)
        right, crashes = run_parts(plan, mutant.right)
        if crashes or right is None:
            return told(Fate.CRASHED, seed, summary=f"the correct system: {'; '.join(crashes)}")
        if right.answer is not Answer.VALID:
            found = right.counterexamples[0]
            if storm and found.kind is Kind.EXERCISED:
                continue  # nothing was done in that storm
            return told(Fate.FALSE_ALARM, seed, found.invariant, found.summary)
        verdict, crashes = run_parts(plan, mutant.wrong)
        broken = tuple(dict.fromkeys(each.invariant for each in verdict.counterexamples)) if verdict else ()
        if crashes or verdict is None:
            return told(Fate.CRASHED, seed, summary="; ".join(crashes))
        for found in verdict.counterexamples:
            if mutant.kills(found, storm=storm):
                return told(Fate.KILLED, seed, found.invariant, found.summary)
    return told(Fate.SURVIVED, first + seeds - 1)


def try_named(name: str, seeds: int, storm: bool) -> Trial:
    """The trial of the mutant of that name, in whichever process this is."""
    return trial(MUTANTS[name], seeds=seeds, storm=storm)
