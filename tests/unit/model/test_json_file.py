import pytest

from harness.model.json_file import DEEPEST, parse_json


@pytest.mark.parametrize("text", ["3", '"a\\u0007b"', "[" * DEEPEST + "]" * DEEPEST, str([[]] * 500)])
def test_what_is_json_is_read(text: str) -> None:
    assert parse_json(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[-Infinity]",
        r'"\ud800"',
        r'{"\udfff": 1}',
        "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        '{"a":' * 500 + "1" + "}" * 500,
        "[" * 1_000_000,
        "9" * 10_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_would_trip_a_later_reader_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json has words of its own for some
        parse_json(text)
