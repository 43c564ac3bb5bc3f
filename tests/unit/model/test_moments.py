import pytest

from harness.model.moments import moment, span

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (0, "0s"),
        (SECOND // 10, "0.1s"),
        (250_200_000_000, "4m10.2s"),
        (250 * SECOND, "4m10s"),
        (60_200_000_000, "1m0.2s"),
        (59_960_000_000, "1m"),
        (3_600_100_000_000, "1h0.1s"),
        (25 * 60 * SECOND, "25m"),
    ],
)
def test_a_moment_is_told_to_a_tenth_of_a_second(t: int, text: str) -> None:
    assert moment(t) == text


def test_a_span_has_two_ends_or_a_length() -> None:
    assert span(SECOND, 2 * SECOND) == "1s–2s"
    assert span(SECOND, SECOND + 5_000_000) == "at 1s for 5ms"
