"""The invariants by name, and the decorators that add one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from harness.errors import BadParameter, BadPlan
from harness.model.history import Event, History
from harness.model.names import no_such
from harness.model.plan import Plan
from harness.model.verdict import Kind


class Finding(NamedTuple):
    """One way in which a promise was broken, in a line for people; `events` are the ordinals that show it."""

    summary: str
    events: tuple[int, ...] = ()


class Unwitnessed(Exception):
    """Raised by a check: nobody saw what it would need to say that the promise was kept. Its text is the reason."""


def sampled(event: Event) -> bool:
    """Whether a server's state was only asked for now and then: what lies between two such events was not seen."""
    return bool(event.value.get("sampled"))


def unseen(history: History) -> str | None:
    """Why nobody saw what the server did in the end; None where somebody did.

    The event has the moment at which that was found out. Since when the server was silent it does not say.
    """
    lost = next(history.where(witness="world", f="server.unseen"), None)
    return lost and f"nobody saw the server's end of it: {lost.value.get('reason')}"


Check = Callable[[History, Plan], Iterable[Finding]]


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """A named promise and the pure function that finds where a History breaks it."""

    name: str
    kind: Kind
    check: Check

    @property
    def doc(self) -> str:
        """The first line of the check's docstring."""
        return (inspect.getdoc(self.check) or "").partition("\n")[0]


INVARIANTS: dict[str, Invariant] = {}
"""Every invariant, by the name of its function."""


def safety(check: Check) -> Check:
    """Register `check`: something bad never happens. Raises BadParameter when its name is taken."""
    return _register(check, Kind.SAFETY)


def liveness(check: Check) -> Check:
    """Register `check`: something good happens in the end. Raises BadParameter when its name is taken."""
    return _register(check, Kind.LIVENESS)


def exercised(check: Check) -> Check:
    """Register `check`: this must have happened, or the run shows nothing. Raises BadParameter when taken."""
    return _register(check, Kind.EXERCISED)


def named(plan: Plan) -> list[Invariant]:
    """The invariants a plan names, in its order. Raises BadPlan, naming the nearest, for one that is not there."""
    for name in plan.invariants:
        if name not in INVARIANTS:
            raise BadPlan(no_such("invariant", name, INVARIANTS))
    return [INVARIANTS[name] for name in plan.invariants]


def _register(check: Check, kind: Kind) -> Check:
    name = check.__name__
    if name in INVARIANTS:
        raise BadParameter(f"an invariant named {name} is registered already: rename one of the two")
    INVARIANTS[name] = Invariant(name=name, kind=kind, check=check)
    return check
