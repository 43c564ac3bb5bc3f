"""The machine on trial: it meets what is wrong with these fakes on a random walk, and nothing with the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conformance.mutants import Mutant
from tests.conformance.mutants_of_auth import MUTANTS as OF_AUTH
from tests.conformance.mutants_of_edge import MUTANTS as OF_EDGE
from tests.conformance.mutants_of_scheduling import MUTANTS as OF_SCHEDULING
from tests.conformance.mutants_of_tasks import MUTANTS as OF_TASKS
from tests.conformance.mutating import CRASH, ROOT, Finding, Trial, try_all

WALKS = "machine 300"
CATCHES = "test_the_machine_catches"
CAUGHT = (
    "run is not idempotent",
    "a second run by another process is let in",
    "a task instance of any state may run",
    "a heartbeat of an earlier try is told 404",
    "a heartbeat from another process is taken",
    "heartbeats are acknowledged and forgotten",
    "a retry keeps its id",
    "a job is handed out twice",
    "a killed task is not retried",
    "an expired token is taken",
    "a token near its end is not refreshed",
)


def _trial(mutant: Mutant) -> Trial:
    return Trial(module=f"fake_api.{mutant.module}", source=mutant.source, killers=[WALKS])


#: Some are tried each time, the others every night.
OFTEN = CAUGHT[::4]
TRIED = [pytest.param(each, marks=() if each in OFTEN else pytest.mark.nightly) for each in CAUGHT]


@pytest.fixture(scope="module")
def findings(request) -> dict[str, Finding]:
    """What came of each that is asked for, all tried together; the fake as it is comes last."""
    asked = [item.callspec.params["wrong"] for item in request.session.items if item.name.startswith(CATCHES)]
    known = {mutant.wrong: mutant for mutant in (*OF_TASKS, *OF_SCHEDULING, *OF_EDGE, *OF_AUTH)}
    trials = {wrong: _trial(known[wrong]) for wrong in asked}
    as_it_is = (ROOT / "fake_api/auth/claims.py").read_text()
    trials["nothing"] = replace(_trial(OF_AUTH[0]), module="fake_api.auth.claims", source=as_it_is)
    return dict(zip(trials, try_all(trials.values()), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", TRIED)
def test_the_machine_catches(findings: dict[str, Finding], wrong: str) -> None:
    found = findings[wrong]
    assert found.broken == ""
    assert found.difference
    assert not found.difference.startswith(CRASH)


@pytest.mark.slow
def test_the_machine_passes_the_fake_as_it_is(findings: dict[str, Finding]) -> None:
    assert findings["nothing"] == Finding()
