"""All cases of the suite, in the order they are played."""

from __future__ import annotations

from harness.conformance.case import Call, Case
from harness.conformance.tables import (
    access,
    bad_input,
    content,
    databases,
    runs,
    task_instances,
    versions,
    waiting,
)

CASES: tuple[Case, ...] = (
    *task_instances.CASES,
    *access.CASES,
    *content.CASES,
    *runs.CASES,
    *waiting.CASES,
    *versions.CASES,
    *bad_input.CASES,
    *databases.CASES,
)


def calls(cases: tuple[Case, ...] = CASES) -> list[Call]:
    """Every call of these cases."""
    return [step for case in cases for step in case.steps if isinstance(step, Call)]
