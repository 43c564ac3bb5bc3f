"""The suite on trial: whatever rule of the fake is wrong, a case, a recording or a test of the suite tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.mutants import Mutant
from tests.conformance.mutants_of_auth import MUTANTS as OF_AUTH
from tests.conformance.mutants_of_edge import MUTANTS as OF_EDGE
from tests.conformance.mutants_of_scheduling import MUTANTS as OF_SCHEDULING
from tests.conformance.mutants_of_tasks import MUTANTS as OF_TASKS
from tests.conformance.mutating import CRASH, ROOT, Finding, Trial, try_all

MUTANTS = (*OF_TASKS, *OF_SCHEDULING, *OF_EDGE, *OF_AUTH)
#: The first of each module is tried each time, the others every night.
FIRST = {each.module: each.wrong for each in reversed(MUTANTS)}.values()
TRIED = [
    pytest.param(each, id=each.wrong, marks=() if each.wrong in FIRST else pytest.mark.nightly)
    for each in MUTANTS
]
TOLD = "test_a_wrong_rule_is_told_by_what_the_table_names"
#: They only gather names.
WITHOUT_RULES = {"transitions/__init__.py", "auth/__init__.py"}
#: Seconds until all mutants are tried, on a machine that has other things to do.
PATIENCE = 900


@pytest.fixture(scope="session")
def findings(request) -> dict[str, Finding]:
    """What came of each mutant that is asked for, all tried together, as each needs a process."""
    asked = [item.callspec.params["mutant"] for item in request.session.items if item.name.startswith(TOLD)]
    trials = [
        Trial(module=f"fake_api.{each.module}", source=each.source, killers=[each.killed_by])
        for each in asked
    ]
    return {each.wrong: found for each, found in zip(asked, try_all(trials), strict=True)}


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("mutant", TRIED)
def test_a_wrong_rule_is_told_by_what_the_table_names(mutant: Mutant, findings: dict[str, Finding]) -> None:
    """By a difference: a fake that cannot be imported, or that breaks the suite itself, says nothing of it."""
    found = findings[mutant.wrong]
    assert found.broken == ""
    assert found.killer == mutant.killed_by, f"it survived {mutant.killed_by}"
    assert found.difference
    assert not found.difference.startswith(CRASH)


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
def test_the_right_rules_are_not_told_apart_from_themselves() -> None:
    """With the source as it is, nothing that the table names finds a difference."""
    path = ROOT / "fake_api/auth/claims.py"
    killers = sorted({each.killed_by for each in MUTANTS if not each.killed_by.startswith("test ")})
    tests = "\n".join(sorted({each.killed_by.removeprefix("test ") for each in MUTANTS} - set(killers)))
    trial = Trial(module="fake_api.auth.claims", source=path.read_text(), killers=[*killers, f"test {tests}"])
    assert list(try_all([trial])) == [Finding()]


def test_every_module_with_rules_has_mutants() -> None:
    modules = {
        path.relative_to(ROOT / "fake_api")
        for folder in ("transitions", "auth")
        for path in (ROOT / "fake_api" / folder).glob("*.py")
    }
    mutated = {Path(f"{each.module.replace('.', '/')}.py") for each in MUTANTS}
    assert {path.as_posix() for path in modules - mutated} == WITHOUT_RULES


def test_a_mutant_is_listed_once() -> None:
    assert len({each.wrong for each in MUTANTS}) == len(MUTANTS)
    assert len({(each.module, each.source) for each in MUTANTS}) == len(MUTANTS)
