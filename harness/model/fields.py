"""What a field of a frozen dataclass may hold, by its type hint: one place for all of them."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from reprlib import repr as short
from typing import Any

from harness.errors import BadPlan
from harness.model.codec import hints_of
from harness.units import format_duration

Check = Callable[[Any], str | None]
"""What is wrong with a value, or None."""

TIME_MOST = timedelta(days=30)
"""The longest virtual time that a run may take, and so the longest duration there is in a plan."""


def check_fields(value: Any, hint: Any) -> None:
    """Raise BadPlan for the first field, however deep, whose value does not fit its type hint.

    A duration must be from 0s to `TIME_MOST`, a text one that UTF-8 can hold, a number finite.
    """
    if wrong := check_of(hint)(value):
        raise BadPlan(wrong)


@functools.cache
def check_of(hint: Any) -> Check:
    """The check for values of that type: `Partition.at: 25 is not a duration: write it like seconds(25)`."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return functools.partial(
            _dataclass, hint, {name: check_of(each) for name, each in hints_of(hint).items()}
        )
    if origin in (typing.Union, types.UnionType):
        return functools.partial(_union, {arm: check_of(arm) for arm in args})
    if origin is tuple:
        return functools.partial(_tuple, args)
    if origin is Mapping:
        return functools.partial(_mapping, *map(check_of, args))
    if origin is Callable:
        return _callable
    if isinstance(hint, type) and issubclass(hint, Enum):
        return functools.partial(_enum, hint)
    return _PLAIN[hint]


def _dataclass(kind: type, checks: dict[str, Check], value: Any) -> str | None:
    if type(value) is not kind:
        return f"{short(value)} is not a {kind.__name__}"
    for name, check in checks.items():
        if wrong := check(getattr(value, name)):
            return f"{kind.__name__}.{name}: {wrong}"
    return None


def _union(arms: dict[Any, Check], value: Any) -> str | None:
    if type(value) in arms:  # so that a fault is told its wrong field, not that it is no other fault
        return arms[type(value)](value)
    wrongs = [check(value) for arm, check in arms.items() if arm is not type(None)]
    if None in wrongs:
        return None
    names = ", ".join(arm.__name__ for arm in arms if isinstance(arm, type))
    return wrongs[0] if len(wrongs) == 1 else f"{short(value)} is none of {names}"


def _tuple(args: tuple[Any, ...], value: Any) -> str | None:
    if not isinstance(value, tuple):
        return f"{short(value)} is not a tuple: write (…,)"
    hints = args[:1] * len(value) if args[-1] is Ellipsis else args
    if len(hints) != len(value):
        return f"{short(value)} must have {len(hints)} items"
    return next(
        (wrong for hint, item in zip(hints, value, strict=True) if (wrong := check_of(hint)(item))), None
    )


def _mapping(key_check: Check, item_check: Check, value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"{short(value)} is not a mapping"
    wrongs = (key_check(key) or item_check(item) for key, item in value.items())
    return next(filter(None, wrongs), None)


def _enum(kind: type[Enum], value: Any) -> str | None:
    if isinstance(value, kind):
        return None
    return f"{short(value)} is not {' or '.join(f'{kind.__name__}.{member.name}' for member in kind)}"


def _callable(value: Any) -> str | None:
    return None if callable(value) else f"{short(value)} cannot be called"


def _duration(value: Any) -> str | None:
    if not isinstance(value, timedelta):
        return f"{short(value)} is not a duration: write it like seconds(25)"
    if value < timedelta(0):
        return f"{value.total_seconds():g}s is negative: a duration must not be"
    if value > TIME_MOST:
        return f"{format_duration(value)} is too long: a run holds at most {TIME_MOST.days} days"
    return None


def _integer(value: Any) -> str | None:
    return (
        None
        if isinstance(value, int) and not isinstance(value, bool)
        else f"{short(value)} is not an integer"
    )


def _number(value: Any) -> str | None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf
    return None if fits else f"{short(value)} is not a finite number"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else f"{short(value)} is not True or False"


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"{short(value)} is not a text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"{short(value)} holds half of a surrogate pair, which no file can: take it out"
    return None


_PLAIN: dict[Any, Check] = {
    timedelta: _duration,
    int: _integer,
    float: _number,
    bool: _boolean,
    str: _text,
    type(None): lambda value: None if value is None else f"{short(value)} is not None",
}
