"""The run as one JSON object, for `--json` and for verdict.json."""

from __future__ import annotations

from typing import Any

from harness.model.history import History
from harness.model.plan import Plan
from harness.model.verdict import Verdict
from harness.report.numbers import count
from harness.units import NANOSECONDS


def summarise(
    plan: Plan,
    history: History,
    verdict: Verdict,
    *,
    replay: str,
    world: str = "sim",
    wall_seconds: float | None = None,
) -> dict[str, Any]:
    """The object; `events` are ordinals of the history, `wall_seconds` is null where nobody measured."""
    numbers = count(history, plan)
    return {
        "scenario": plan.scenario,
        "seed": plan.seed,
        "world": world,
        "deterministic": world == "sim",
        "verdict": str(verdict.answer),
        "exit_code": verdict.exit_code,
        "digest": history.digest(),
        "simulated_seconds": numbers.simulated / NANOSECONDS,
        "wall_seconds": wall_seconds,
        "api_calls": numbers.calls,
        "counterexamples": [
            {"invariant": found.invariant, "summary": found.summary, "events": list(found.events)}
            for found in verdict.counterexamples
        ],
        "crashed": list(verdict.crashed),
        "unjudged": list(verdict.unjudged),
        "replay": replay,
    }
