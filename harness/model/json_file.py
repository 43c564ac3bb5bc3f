"""JSON texts as people and programs hand them in: what could trip a later reader is refused here."""

from __future__ import annotations

import json
from typing import Any, NoReturn

DEEPEST = 100
"""How many levels a text may be nested. Ours have five; Python's own readers give up at some hundreds."""


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises ValueError for what is no JSON, for NaN and its kin, for half a surrogate pair, which no
    file can hold, and for what is nested deeper than 100 levels.
    """
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    if text.count("{") + text.count("[") > DEEPEST:  # only then can it be that deep
        _check_depth(value)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [item for container in level for item in _items(container) if isinstance(item, dict | list)]
        if not level:
            return
    raise _too_deep()


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> ValueError:
    return ValueError(f"it is nested deeper than {DEEPEST} levels")
