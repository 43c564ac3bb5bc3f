"""Moments of a run for people: `4m10.2s` since its start."""

from __future__ import annotations

from datetime import timedelta

from harness.units import NANOSECONDS, format_duration

_TENTH = NANOSECONDS // 10


def moment(t: int) -> str:
    """`t` nanoseconds since the start, rounded to a tenth of a second: `"4m10.2s"`, `"25m"`, `"0s"`."""
    whole, tenths = divmod((t + _TENTH // 2) // _TENTH, 10)
    text = format_duration(timedelta(seconds=whole))
    if not tenths:
        return text
    # a fraction belongs to seconds, and 1m has none yet
    return f"{text[:-1] if text.endswith('s') else f'{text}0'}.{tenths}s"


def span(begin: int, end: int) -> str:
    """From `begin` to `end`, both nanoseconds: `"4m10s–4m32s"`; one too short for that says how long it was."""
    first, last = moment(begin), moment(end)
    if first != last:
        return f"{first}–{last}"
    return f"at {first} for {format_duration(timedelta(microseconds=(end - begin) // 1000))}"
