"""What became of one plan: its answer, and the signature that tells one failure from another."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import UsageError
from harness.invariants import judge
from harness.model.history import Event, History
from harness.model.plan import Plan
from harness.model.verdict import EXIT_INTERNAL, Answer, Kind, Verdict
from harness.nemesis import check_capable
from harness.report.story import tell

Runner = Callable[[Plan], History]
"""Drives a plan through a world; a search that runs in several processes sends it to them, so it must pickle."""


TELLING = "every_worker_rejoins"
"""Of what did not happen in the end, this says most: what ended a worker explains what became of its tasks."""


class State(StrEnum):
    """What a plan showed. An error is one of ours, or of the simulation."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    NOT_EXERCISED = "not exercised"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one plan showed. `broken` are the invariants, `summary` the first finding, `seconds` on the wall."""

    state: State
    exit_code: int
    seconds: float
    broken: tuple[str, ...] = ()
    summary: str = ""
    signature: str = ""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """An outcome with what is not kept of every plan: the story of what is not valid, the behaviours seen."""

    outcome: Outcome
    story: str = ""
    behaviours: frozenset[str] = frozenset()


def simulated(plan: Plan) -> History:
    """Drive the plan through the simulated world. Raises what `harness.runner.run_plan` raises."""
    from harness.sim.session import prepare, run_in_sim
    from harness.sim.world import SimWorld

    check_capable(plan, world="sim", capabilities=SimWorld.capabilities)
    prepare(plan)
    return run_in_sim(plan).history


def examine(plan: Plan, runner: Runner = simulated, replay: str = "harness replay plan.json") -> Examined:
    """Run the plan and have it judged; `replay` is the command that its story ends with.

    An error of the simulation is an outcome too. Raises UsageError, which every other plan would raise as well.
    """
    begun = time.perf_counter()
    try:
        history = runner(plan)
        verdict = judge(history, plan)
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - a search goes on, and tells of it
        text = f"{type(error).__name__}: {error}"
        spent = time.perf_counter() - begun
        return Examined(
            outcome=Outcome(
                state=State.ERROR,
                exit_code=EXIT_INTERNAL,
                seconds=spent,
                summary=text,
                signature=normalised(text),
            )
        )
    outcome = _outcome(verdict, time.perf_counter() - begun)
    story = "" if outcome.state is State.VALID else tell(plan, history, verdict, replay=replay)
    return Examined(outcome=outcome, story=story, behaviours=frozenset(behaviours(history)))


def _outcome(verdict: Verdict, seconds: float) -> Outcome:
    found = [each for each in verdict.counterexamples if each.kind is not Kind.EXERCISED]
    found = sorted(found, key=lambda each: (each.kind is not Kind.SAFETY, each.invariant != TELLING))
    first = [each.summary for each in found or verdict.counterexamples][:1]
    summary = (first or [*verdict.crashed, *verdict.unjudged] or [""])[0]
    broken = tuple(sorted({each.invariant for each in found}))
    return Outcome(
        state=_state(verdict),
        exit_code=verdict.exit_code,
        seconds=seconds,
        broken=broken,
        summary=summary,
        signature=f"{', '.join(broken)}: {normalised(summary)}" if broken else normalised(summary),
    )


def _state(verdict: Verdict) -> State:
    if verdict.answer is not Answer.UNKNOWN:
        return State(str(verdict.answer))
    return State.UNKNOWN if verdict.crashed or verdict.unjudged else State.NOT_EXERCISED


_SAME = (
    # what tells two runs of one failure apart and not two failures, and what stands for it
    (re.compile(r"; its own last heartbeat .*"), ""),
    (re.compile(r"https?://[^\s'\"]+"), "URL"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(worker|task)-\d+\b"), r"\1-N"),
    (re.compile(r"(?<![A-Za-z])(\d+(\.\d+)?(ms|[dhms]))+(?![A-Za-z])"), "T"),
    (re.compile(r"#?\b\d+(\.\d+)?\b"), "N"),
    (re.compile(r"([^\s,]+/task-N/[^\s,]+)(, [^\s,]+/task-N/[^\s,]+)+"), r"\1, …"),
)


def normalised(summary: str) -> str:
    """The summary without names, numbers, moments and addresses: alike for one failure in two runs."""
    for pattern, same in _SAME:
        summary = pattern.sub(same, summary)
    return summary


def behaviours(history: History) -> Iterator[str]:
    """What the run did, a short text each: a change of state with its cause, a call with how it ended and why."""
    for event in history.where(witness="server"):
        yield f"{event.f} {event.value.get('old')} → {event.value.get('new')} ({normalised(_cause(event))})"
    for event in history.where(witness="client"):
        if event.type != "invoke":
            why = event.value.get("status") or normalised(str(event.value.get("reason", "")))
            yield f"{event.f} {event.type} {why}"


def _cause(event: Event) -> str:
    return str(event.value.get("cause", ""))
