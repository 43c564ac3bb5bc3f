"""What the workers of a live run share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import Scenario, make_plan
from harness.errors import BadPlan
from harness.live.commands import Camp
from harness.model.plan_checks import check_plan

CAMP = Camp(folder=Path("/run"), jwt_secret="secret")
PLAN = make_plan(Scenario(), 1, name="any")


@pytest.mark.parametrize("shared", [CAMP.plan, CAMP.dags, CAMP.marks], ids=lambda path: path.name)
def test_no_worker_may_be_called_as_what_all_of_them_share(shared: Path) -> None:
    first, *others = PLAN.workers
    plan = replace(PLAN, workers=(replace(first, name=shared.name), *others))
    assert shared == CAMP.home(shared.name)
    with pytest.raises(BadPlan, match=f"a worker cannot be named '{shared.name}'"):
        check_plan(plan)
