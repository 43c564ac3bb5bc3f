"""Plans that are a little less than a given one: what the shrinker tries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from datetime import timedelta
from typing import Any, NamedTuple

from harness.model.faults import Fault
from harness.model.plan import Plan, Submission
from harness.model.scenario import Link
from harness.model.tls_faults import Tls
from harness.units import hours, minutes, ms, seconds

_DURATIONS = (
    *(timedelta(0), ms(100), seconds(1), seconds(2), seconds(5), seconds(10), seconds(20), seconds(30)),
    *(minutes(n) for n in (1, 2, 3, 5, 8, 10, 15, 20, 30)),
    *(hours(n) for n in (1, 2, 6, 24)),
)
_NAMES = frozenset(
    {"a", "b", "target", "calls", "name", "kind", "dag_id", "task_id", "run_id", "queue", "at"}
)
"""What is no matter of more or less; when a fault is has a rule of its own."""


_LESS_TLS: Mapping[Tls, tuple[Tls, ...]] = {
    Tls.OFF: (),
    Tls.SERVER: (Tls.OFF,),
    Tls.MUTUAL: (Tls.OFF, Tls.SERVER),
}


class Step(NamedTuple):
    """A plan that is less than another one, and in what."""

    what: str
    plan: Plan


def removals(plan: Plan) -> Iterator[Step]:
    """The plan without any one thing: a fault, a task, a worker, an option, TLS or certificates of clients."""
    for part in ("faults", "submissions", "workers"):
        for n in range(len(getattr(plan, part))):
            yield _without(plan, part, n, n + 1)
    yield from _without_options(plan)
    yield from (Step(f"TLS {less}", replace(plan, tls=less)) for less in _LESS_TLS[plan.tls])


def fewer(plan: Plan) -> Iterator[Step]:
    """The plan without half of its faults, tasks or workers, then a quarter, …, then any one thing."""
    for part in ("faults", "submissions", "workers"):
        size = len(getattr(plan, part)) // 2
        while size > 1:
            for begin in range(0, len(getattr(plan, part)), size):
                yield _without(plan, part, begin, begin + size)
            size //= 2
    yield from removals(plan)


def _without(plan: Plan, part: str, begin: int, end: int) -> Step:
    things: Sequence[Any] = getattr(plan, part)
    return Step(f"{part} {begin + 1} to {end}", _with(plan, part, (*things[:begin], *things[end:])))


def _with(thing: Any, name: str, value: object) -> Any:
    """The dataclass with another value in the field of that name."""
    return replace(thing, **{name: value})


def _without_options(plan: Plan) -> Iterator[Step]:
    for name in plan.options:
        left = {other: value for other, value in plan.options.items() if other != name}
        yield Step(f"option {name}", replace(plan, options=left))


def simpler(plan: Plan, *, settle: bool) -> Iterator[Step]:
    """The plan with one value shorter, smaller, later or the default; `settle`: whether the calm may be shorter too.

    Each is less by an order without circles, so shrinking ends.
    """
    for part, values in _VALUES.items():
        things = getattr(plan, part)
        for n, thing in enumerate(things):
            for less in values(thing):
                yield Step(f"{part} {n + 1}", _with(plan, part, (*things[:n], less, *things[n + 1 :])))
    if plan.link != Link():
        yield Step("link", replace(plan, link=Link()))
    for name in ("until", "settle") if settle else ("until",):
        yield from (Step(name, _with(plan, name, less)) for less in _shorter(getattr(plan, name)))


def _faults(fault: Fault) -> Iterator[Fault]:
    yield from _fields(fault)
    lasting: timedelta = getattr(fault, "lasting", None) or timedelta(0)
    for cut in (_whole(lasting / 2), _whole(lasting / 4)):
        if cut:  # later: the end stays
            yield _with(_with(fault, "at", fault.at + cut), "lasting", lasting - cut)
    if fault.at != _whole(fault.at):
        yield replace(fault, at=_whole(fault.at))


def _submissions(task: Submission) -> Iterator[Submission]:
    yield from _fields(task)
    yield from (replace(task, at=less) for less in _shorter(task.at))


def _fields(thing: Any) -> Iterator[Any]:
    """The thing with one of its fields less."""
    for field in fields(thing):
        if field.name not in _NAMES:
            for less in _less(field, getattr(thing, field.name)):
                yield _with(thing, field.name, less)


_VALUES: Mapping[str, Callable[[Any], Iterator[Any]]] = {
    "faults": _faults,
    "submissions": _submissions,
    "workers": _fields,
}


def _less(field: Field[Any], value: Any) -> Iterable[Any]:
    if field.name == "times":
        return _smaller(value, 1) if value is not None else (1,)
    if field.name == "slots":
        return _smaller(value, 1)
    if isinstance(value, timedelta):
        return _shorter(value)
    if field.default is MISSING or field.default == value:
        return ()
    return (field.default,)


def _shorter(value: timedelta) -> list[timedelta]:
    """The shortest, one halfway, the next shorter; and without a fraction of a second."""
    below = [each for each in _DURATIONS if each < value]
    chosen = [below[0], below[len(below) // 2], below[-1]] if below else []
    return list(dict.fromkeys([*chosen, *([_whole(value)] if _whole(value) != value else [])]))


def _smaller(value: int, least: int) -> list[int]:
    return list(dict.fromkeys(each for each in (least, value // 2, value - 1) if least <= each < value))


def _whole(value: timedelta) -> timedelta:
    return timedelta(seconds=value // seconds(1))
