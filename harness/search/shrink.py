"""From a plan that fails to the smallest one that fails alike, by delta debugging over the Plan.

A candidate counts if it fails with the same signature, and if in quiet weather it does not: otherwise a run that is too
short for its work would pass for the failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from harness.errors import BadPlan
from harness.invariants.registry import INVARIANTS
from harness.model.plan import Plan
from harness.model.plan_checks import check_plan
from harness.model.verdict import Kind
from harness.search.outcome import Examined, Outcome, Runner, State, examine, simulated
from harness.search.simpler import Step, fewer, removals, simpler

RUNS_MOST = 2_000

Telling = Callable[[str, Plan, int], None]
"""Is told of each smaller plan: what is less, the plan, and how many runs it took so far."""


class DoesNotFail(BadPlan):
    """There is nothing to shrink."""


class FailsOtherwise(BadPlan):
    """The plan breaks other promises than it is said to."""


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """The smallest plan that was found, what it shows, and what was tried.

    `without` counts what becomes of the plan without any one thing: `valid`, `no plan`, …; `needless` are those
    without which it fails all the same: none, unless the runs were used up before.
    """

    plan: Plan
    examined: Examined
    runs: int
    without: Counter[str]
    needless: tuple[str, ...]
    finished: bool


@dataclass
class _Search:
    runner: Runner
    left: int
    tell: Telling
    wanted: str = ""
    quiet_is_valid: bool = False
    runs: int = 0
    known: dict[str, Outcome] = field(default_factory=dict)

    def outcome(self, plan: Plan) -> Outcome | None:
        """What the plan shows; None if it is no plan. Each is run once."""
        try:
            check_plan(plan)
        except BadPlan:
            return None
        digest = plan.digest()
        if digest not in self.known:
            self.runs += 1
            self.known[digest] = examine(plan, self.runner).outcome
        return self.known[digest]

    def fails(self, plan: Plan) -> bool:
        """Whether it fails as wanted, by its faults and not without."""
        outcome = self.outcome(plan)
        if outcome is None or outcome.state is not State.INVALID or outcome.signature != self.wanted:
            return False
        return not (self.quiet_is_valid and plan.faults) or self.is_valid(replace(plan, faults=()))

    def is_valid(self, plan: Plan) -> bool:
        """Whether all promises are kept; that nothing struck is no matter."""
        outcome = self.outcome(plan)
        return outcome is not None and not outcome.broken and outcome.state is not State.ERROR

    def spent(self) -> bool:
        return self.runs >= self.left

    def less(self, plan: Plan, steps: Callable[[Plan], Iterator[Step]]) -> Plan:
        """Take every step that still fails. After one, the place in the list means the thing behind it."""
        n = 0
        while n < len(found := list(steps(plan))) and not self.spent():
            if self.fails(found[n].plan):
                plan = found[n].plan
                self.tell(found[n].what, plan, self.runs)
            else:
                n += 1
        return plan


def shrink(
    plan: Plan,
    *,
    runner: Runner = simulated,
    most_runs: int = RUNS_MOST,
    tell: Telling = lambda what, plan, runs: None,
    expected: frozenset[str] | None = None,
) -> Shrunk:
    """The smallest plan that fails as this one does.

    Raises DoesNotFail where it does not fail, and FailsOtherwise where it breaks other promises than those `expected`.
    """
    search = _Search(runner=runner, left=most_runs, tell=tell)
    first = search.outcome(plan)
    if first is None or first.state is not State.INVALID:
        raise DoesNotFail(f"the plan does not fail, so there is nothing to shrink: it is {_said(first)}")
    if expected is not None and expected != set(first.broken):
        raise FailsOtherwise(
            f"the plan breaks {', '.join(first.broken)} now, and its verdict.json says"
            f" {', '.join(sorted(expected)) or 'nothing'}: copy the plan elsewhere to shrink what it does now"
        )
    search.wanted = first.signature
    search.quiet_is_valid = bool(plan.faults) and search.is_valid(replace(plan, faults=()))
    settle = all(INVARIANTS[name].kind is Kind.SAFETY for name in first.broken)
    before = None
    while plan != before and not search.spent():
        before = plan
        plan = search.less(plan, fewer)
        plan = search.less(plan, lambda each: simpler(each, settle=settle))
    return _told(plan, search)


def _told(plan: Plan, search: _Search) -> Shrunk:
    finished = not search.spent()
    without: Counter[str] = Counter()
    needless: list[str] = []
    for step in removals(plan) if finished else ():
        outcome = search.outcome(step.plan)
        if search.fails(step.plan):
            needless.append(step.what)
        elif outcome is not None and outcome.state is State.INVALID:
            without["fails otherwise"] += 1
        else:
            without[_said(outcome)] += 1
    return Shrunk(
        plan=plan,
        examined=examine(plan, search.runner),
        runs=search.runs,
        without=without,
        needless=tuple(needless),
        finished=finished,
    )


def _said(outcome: Outcome | None) -> str:
    return "no plan" if outcome is None else str(outcome.state)
