from datetime import timedelta

import pytest

from harness.errors import BadParameter
from harness.units import format_duration, hours, minutes, ms, nanoseconds, parse_duration, seconds


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2m", minutes(2)),
        ("1h30m", hours(1.5)),
        ("2m30s", seconds(150)),
        ("250ms", ms(250)),
        ("90", seconds(90)),
        ("1.5s", ms(1500)),
        ("1d", hours(24)),
        ("0", timedelta(0)),
    ],
)
def test_a_text_is_a_duration(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "soon", "2 m", "-2m", "m", "2w", "2m!", "1.s", "s2", "1e3s"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadParameter, match="is not a duration: write it like 90s, 2m, 1h30m or 250ms"):
        parse_duration(text)


def test_a_duration_beyond_all_measure_is_refused() -> None:
    with pytest.raises(BadParameter, match="is too long: a duration is at most 999999999d"):
        parse_duration("9" * 400 + "d")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (ms(250), "250ms"),
        (timedelta(microseconds=1), "0.001ms"),
        (ms(1500), "1.5s"),
        (minutes(1) + ms(1), "60.001s"),
        (seconds(150), "2m30s"),
        (hours(1), "1h"),
        (hours(25) + seconds(1), "25h1s"),
        (timedelta(days=12, microseconds=1), "1036800.000001s"),
    ],
)
def test_a_duration_has_a_shortest_text(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


def test_nanoseconds_are_exact_to_the_microsecond() -> None:
    assert nanoseconds(timedelta(days=400, microseconds=1)) == 34_560_000_000_001_000
