"""Real processes do what the simulation says: the same answer, and the same promises broken.

One plan in both worlds: released edge workers against the fake API, with Airflow's intervals shortened alike. Each worker
has a slot for every task, so that how long a process takes to start decides nothing. What still differs, and which world
is right: harness/adr/0008.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from harness import Workers, catalogue, make_plan, run_plan
from harness.model.verdict import Answer, Kind

pytestmark = [pytest.mark.live, pytest.mark.slow]

STRANDED = {"every_job_is_accounted_for", "every_task_finishes", "every_worker_rejoins"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scenario, and the promises that it breaks."""

    scenario: str
    settings: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    breaks: frozenset[str] = frozenset()


OUTAGE = Case(
    scenario="api-restart",
    settings={"lasting": "3m"},  # nine seconds at the pace of `quick`
    options={"edge.api_retries": "3"},  # the workers give up before
    breaks=frozenset(STRANDED),
)


def _said(case: Case, world: str) -> tuple[Answer, set[str]]:
    """The answer, and the promises that were broken. Whether work was done before an outage is a matter of luck."""
    texts = {"quick": "true", "workers": "2", "tasks": "4", **case.settings}
    scenario = catalogue.find(case.scenario).build(**texts)
    plan = make_plan(
        scenario, 1, name=case.scenario, parameters=texts, workers=Workers.EDGE, options=case.options
    )
    verdict = run_plan(plan, world=world).verdict
    return verdict.answer, {
        found.invariant for found in verdict.counterexamples if found.kind is not Kind.EXERCISED
    }


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(scenario="kill-and-reroute"), id="kill-and-reroute"),
        pytest.param(OUTAGE, id="api-restart, the workers give up"),
        pytest.param(Case(scenario="api-restart"), id="api-restart", marks=pytest.mark.nightly),
        pytest.param(Case(scenario="cut-off-worker"), id="cut-off-worker", marks=pytest.mark.nightly),
        pytest.param(Case(scenario="lost-replies"), id="lost-replies", marks=pytest.mark.nightly),
    ],
)
def test_real_processes_keep_and_break_the_promises_that_simulated_ones_do(case: Case) -> None:
    expected = Answer.INVALID if case.breaks else Answer.VALID, set(case.breaks)
    assert {"sim": _said(case, "sim"), "live": _said(case, "live")} == {"sim": expected, "live": expected}
