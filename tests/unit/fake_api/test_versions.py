"""Which version of the Execution API a header picks."""

from datetime import date

import pytest

from fake_api.versions import MalformedVersionError, VersionTooOldError, resolve


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (None, date(2026, 6, 30)),
        ("2026-06-30", date(2026, 6, 30)),
        ("2099-01-01", date(2026, 6, 30)),
        ("2026-06-29", date(2026, 4, 6)),
        ("2025-04-12", date(2025, 4, 11)),
        ("2025-04-11", date(2025, 4, 11)),
    ],
)
def test_a_date_gets_the_newest_version_not_after_it(header: str | None, version: date) -> None:
    assert resolve(header) == version


@pytest.mark.parametrize("header", ["2025-04-10", "1999-01-01", ""])
def test_there_is_nothing_before_the_first_version(header: str) -> None:
    with pytest.raises(VersionTooOldError):
        resolve(header)


def test_what_is_no_date_is_told_with_its_place() -> None:
    with pytest.raises(MalformedVersionError) as caught:
        resolve("not-a-date")
    assert caught.value.errors[0]["loc"] == ["header", "Airflow-API-Version"]
