"""What can never be equal in two answers, by placeholders: ids that are drawn, moments that are now."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)?")
#: Texts that are drawn anew in each answer, and what stands for them.
DRAWN = (
    (re.compile(r"(?<=look for ID )\w{8}"), "<id>"),
    (re.compile(r"(?<=error_id=)" + UUID_TEXT.pattern), "<id>"),
    (re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"), "<trace>"),
)
#: Values under these keys are secrets or serial numbers.
DRAWN_KEYS = {"token": "<token>"}
#: Numbers under these keys are drawn from a sequence.
SERIAL_KEYS = {"id"}
#: Moments this far from now are told as `<now>`, and up to a month from it in hours.
NEAR, FAR = timedelta(minutes=30), timedelta(days=31)
#: Seconds a duration may last that ends or begins now.
LONG = 100_000


def masked(value: Any, *, ids: Mapping[str, str], now: datetime | None) -> Any:
    """The value with placeholders at any depth. `ids` names those that are known; without `now` all times go."""

    def text(found: str) -> str:
        for pattern, placeholder in DRAWN:
            found = pattern.sub(placeholder, found)
        found = UUID_TEXT.sub(lambda uuid: ids.get(uuid[0], "<uuid>"), found)
        return TIME_TEXT.sub(lambda time: _moment(time, now), found)

    return _deep(value, text, now)


def _deep(value: Any, text: Callable[[str], str], now: datetime | None) -> Any:
    if isinstance(value, Mapping):
        return {text(name): _of_key(name, each, text, now) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(each, text, now) for each in value]
    return text(value) if isinstance(value, str) else value


def _of_key(name: str, value: Any, text: Callable[[str], str], now: datetime | None) -> Any:
    if name in DRAWN_KEYS:
        return DRAWN_KEYS[name]
    if name in SERIAL_KEYS and isinstance(value, int):
        return "<number>"
    if (
        name == "timestamp"
        and isinstance(value, float)
        and now
        and abs(value - now.timestamp()) < FAR.total_seconds()
    ):
        return "<now>"
    if name == "duration" and isinstance(value, float) and abs(value) > LONG:
        return "<long>"
    return _deep(value, text, now)


def _moment(found: re.Match[str], now: datetime | None) -> str:
    if now is None:
        return "<time>"
    try:
        moment = datetime.fromisoformat(found[0])
    except ValueError:
        return found[0]
    away = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    if abs(away) > FAR:
        return found[0]
    hours = round(away / timedelta(hours=1))
    return "<now>" if abs(away) < NEAR else f"<now{hours:+}h>"
