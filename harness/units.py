"""Durations by name: `seconds(30)`, `minutes(2)`; and their short text form, `"2m30s"`."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from harness.errors import BadParameter

NANOSECONDS = 1_000_000_000
_MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def ms(value: float) -> timedelta:
    """`value` milliseconds."""
    return timedelta(milliseconds=value)


def seconds(value: float) -> timedelta:
    """`value` seconds."""
    return timedelta(seconds=value)


def minutes(value: float) -> timedelta:
    """`value` minutes."""
    return timedelta(minutes=value)


def hours(value: float) -> timedelta:
    """`value` hours."""
    return timedelta(hours=value)


def nanoseconds(duration: timedelta) -> int:
    """The duration as whole nanoseconds, exact to the microsecond that timedelta holds."""
    return (duration.days * 86_400 + duration.seconds) * NANOSECONDS + duration.microseconds * 1_000


def parse_duration(text: str) -> timedelta:
    """`"2m"`, `"1h30m"`, `"250ms"`, `"90"` (seconds) as a timedelta.

    Raises BadParameter when the text is anything else.
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        text += "s"
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadParameter(f"{text!r} is not a duration: write it like 90s, 2m, 1h30m or 250ms")
    try:
        # decimals, as floats would be a microsecond off after some days
        return timedelta(
            microseconds=round(sum(Decimal(number) * _MICROSECONDS[unit] for number, unit in parts))
        )
    except OverflowError:
        raise BadParameter(f"{text!r} is too long: a duration is at most 999999999d") from None


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back: `"2m30s"`, `"1h"`, `"250ms"`."""
    left, microseconds = divmod(duration // timedelta(microseconds=1), _MICROSECONDS["s"])
    if microseconds:
        return f"{left}.{microseconds:06}".rstrip("0") + "s" if left else f"{microseconds / 1000:g}ms"
    text = ""
    for unit, size in (("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
