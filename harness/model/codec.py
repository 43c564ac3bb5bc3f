"""Frozen dataclasses ⇄ JSON values, by their type hints. Durations are text (`"2m30s"`)."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from harness.errors import BadParameter
from harness.units import format_duration, parse_duration

_LATER = {"later": True}


def later(default: Any) -> Any:
    """A field that came later: where it holds its default it is left out of the JSON, so that the digests of plans
    of before there was the field stay as they were.
    """
    return dataclasses.field(default=default, metadata=_LATER)


def to_json(value: Any) -> Any:
    """A dataclass, or what it is made of, as a JSON value."""
    if dataclasses.is_dataclass(value):
        items = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: to_json(item) for field, item in items if not _is_left_out(field, item)}
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return value


def _is_left_out(field: dataclasses.Field[Any], item: Any) -> bool:
    return field.metadata == _LATER and item == field.default


def from_json(hint: Any, data: Any) -> Any:
    """The value of type `hint` that `data` describes. Raises ValueError that says where it does not fit."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint, data)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if data is None and type(None) in args else from_json(args[0], data)
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{data!r} is not a list")
        hints = [args[0]] * len(data) if args[-1] is Ellipsis else args
        return tuple(from_json(item_hint, item) for item_hint, item in zip(hints, data, strict=True))
    if origin in (dict, Mapping):
        if not isinstance(data, dict):
            raise ValueError(f"{data!r} is not an object")
        return {key: from_json(args[1], item) for key, item in data.items()}
    return _plain(hint, data)


def _plain(hint: Any, data: Any) -> Any:
    if hint is Any:
        return data
    if hint is timedelta and isinstance(data, str):
        return parse_duration(data)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, hint) or (isinstance(data, bool) and hint is not bool):
        raise ValueError(f"{data!r} is not {getattr(hint, '__name__', hint)}")
    return data


@functools.cache
def hints_of(cls: type) -> dict[str, Any]:
    """The resolved type hints of a dataclass's fields, by name."""
    return typing.get_type_hints(cls)


def _dataclass(cls: type, data: Any) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{data!r} is not an object for {cls.__name__}")
    hints = hints_of(cls)
    if unknown := [name for name in data if name not in hints]:
        raise ValueError(f"{cls.__name__} has no {unknown[0]!r}; it has {', '.join(hints)}")
    values = {}
    for name, item in data.items():
        try:
            values[name] = from_json(hints[name], item)
        except (ValueError, TypeError, BadParameter) as error:
            raise ValueError(f"{cls.__name__}.{name}: {error}") from None
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(str(error).replace("__init__()", "")) from None
