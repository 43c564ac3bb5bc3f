"""What a world must be able to do for a plan, and how a fault is told to people."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import harness
from harness import Fleet, Kill, LoseReplies, Partition, Scenario, Tasks, Workers, make_plan, minutes, seconds
from harness.driver import drive
from harness.errors import NotCapable
from harness.fault_table import WORLDS, markdown
from harness.model.faults import (
    FAULTS,
    BadCertificate,
    CertificateFlaw,
    ClockSkew,
    Direction,
    Fault,
    OutOfMemory,
    RenewClient,
    RotateCertificate,
    Stop,
)
from harness.nemesis import ACTIONS, check_capable, describe
from harness.ports import Capability, Heal
from harness.toxics.links import Impairment
from harness.units import nanoseconds

CUT = Partition(a="worker-1", b="api", at=seconds(1), lasting=minutes(2))


def _check(*faults: Fault, lacking: Capability, workers: Workers = Workers.SCRIPTED) -> None:
    scenario = Scenario(fleet=Fleet(kind=workers), tasks=Tasks(count=0), faults=faults)
    plan = make_plan(scenario, 1, name="a-name")
    check_capable(plan, world="paper", capabilities=frozenset(Capability) - {lacking})


def test_a_plan_that_asks_for_what_a_world_cannot_do_is_refused_by_name() -> None:
    with pytest.raises(NotCapable, match="Partition needs 'partition', which the paper world cannot do"):
        _check(CUT, lacking=Capability.PARTITION)


def test_workers_that_a_world_cannot_run_are_refused() -> None:
    with pytest.raises(NotCapable, match="worker-1 needs 'edge workers'"):
        _check(lacking=Capability.EDGE_WORKERS, workers=Workers.EDGE)


def test_a_task_that_does_more_than_last_and_end_needs_a_world_that_runs_code() -> None:
    scenario = Scenario(fleet=Fleet(kind=Workers.EDGE), tasks=Tasks(count=1))
    plan = make_plan(scenario, 1, name="a-name")
    acting = replace(plan, submissions=(replace(plan.submissions[0], reschedules=seconds(1)),))
    capable = frozenset(Capability) - {Capability.TASK_CODE}
    check_capable(plan, world="paper", capabilities=capable)
    with pytest.raises(NotCapable, match="task-1/run-1 needs 'task bodies that do more than last and end'"):
        check_capable(acting, world="paper", capabilities=capable)


def test_what_a_plan_does_not_ask_for_may_be_lacking() -> None:
    _check(CUT, lacking=Capability.KILL)


def test_the_refusal_says_why_a_world_cannot() -> None:
    plan = make_plan(Scenario(tasks=Tasks(count=0), faults=(CUT,)), 1, name="a-name")
    with pytest.raises(NotCapable, match="the paper world cannot do, as paper has no links: choose"):
        check_capable(
            plan,
            world="paper",
            capabilities=frozenset(),
            lacks={Capability.PARTITION: "paper has no links"},
        )


def test_every_world_does_each_fault_or_says_why_not() -> None:
    for how, lacks in WORLDS.values():
        assert how.keys() | lacks.keys() == set(Capability)
        assert not how.keys() & lacks.keys()


def test_the_table_of_faults_in_the_readme_is_what_the_code_declares() -> None:
    readme = (Path(harness.__file__).parent / "README.md").read_text(encoding="utf-8")
    table = "\n".join(markdown())
    assert table in readme, (
        "run `python -m harness.fault_table` and put what it prints into harness/README.md"
    )


def test_every_fault_has_its_action() -> None:
    assert set(ACTIONS) == set(FAULTS)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (CUT, "Partition worker-1 ↔ api for 2m"),
        (Kill(target="worker-2", at=seconds(1)), "Kill worker-2"),
        (
            Partition(a="worker-1", b="api", at=seconds(1), lasting=seconds(3), direction=Direction.FORTH),
            "Partition worker-1 → api for 3s",
        ),
        (
            LoseReplies(a="*", b="api", at=seconds(1), lasting=seconds(3), calls="ti.run", times=1),
            "LoseReplies * ↔ api on ti.run once",
        ),
        (
            LoseReplies(a="*", b="api", at=seconds(1), lasting=seconds(3), nth=3),
            "LoseReplies * ↔ api on * from call 3 on for 3s",
        ),
        (OutOfMemory(target="worker-2", at=seconds(1)), "OutOfMemory worker-2 kills a task"),
        (Stop(target="worker-2", at=seconds(1), drain=True), "Stop worker-2 when its work is done"),
        (
            ClockSkew(target="worker-2", at=seconds(1), lasting=minutes(2), behind=seconds(90)),
            "ClockSkew worker-2 1m30s behind for 2m",
        ),
        (
            BadCertificate(
                a="worker-1",
                b="api",
                at=seconds(1),
                lasting=minutes(2),
                flaw=CertificateFlaw.NOT_YET_VALID,
            ),
            "BadCertificate worker-1 ↔ api not yet valid for 2m",
        ),
        (
            RenewClient(target="worker-1", at=seconds(1), lasting=minutes(1), late=True),
            "RenewClient worker-1 late for 1m",
        ),
        (RotateCertificate(at=seconds(1)), "RotateCertificate api"),
        (RotateCertificate(at=seconds(1), ca=True), "RotateCertificate api with its CA"),
    ],
)
def test_a_fault_is_told_in_a_few_words(fault: Fault, text: str) -> None:
    assert describe(fault) == text


class LateClock:
    """Wakes everybody three seconds late; `asked` are the moments that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[timedelta] = []

    def now(self) -> int:
        return nanoseconds(self.asked[-1] + seconds(3))

    async def sleep_until(self, moment: timedelta) -> None:
        self.asked.append(moment)


def test_a_fault_and_a_calm_that_begin_late_last_as_long_as_planned() -> None:
    async def at_once() -> None: ...

    plan = make_plan(Scenario(tasks=Tasks(count=0), faults=(CUT,), settle=minutes(1)), 1, name="a-name")
    clock, left = LateClock(), []

    def impair(a: str, b: str, direction: Direction, impairment: Impairment) -> Heal:
        left.append(impairment.left())
        return lambda: None

    network = SimpleNamespace(impair=impair)
    world: Any = SimpleNamespace(
        clock=clock, network=network, record=lambda **_: None, start=at_once, catch_up=at_once, stop=at_once
    )
    asyncio.run(drive(plan, world))
    assert clock.asked == [
        CUT.at,
        CUT.at + minutes(2) + seconds(3),
        plan.until,
        plan.until + minutes(1) + seconds(3),
    ]
    assert left == [nanoseconds(CUT.lasting)]


def test_every_fault_has_its_tests_named() -> None:
    folder = Path(__file__).parents[1]
    told = (folder / "README.md").read_text().partition("## Faults")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([^`]+)`", told))
    assert {kind.__name__ for kind in FAULTS} <= named
    assert [name for name in named if "/" in name and not (folder / name).is_file()] == []
