"""The versions of the Execution API and the rule for the header that picks one.

Airflow: execution_api/versions/ and Cadwyn's header waterfall. Only the newest behaviour is served.
"""

from bisect import bisect_right
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

#: Version, and the first task SDK that asks for it.
VERSIONS = (
    (date(2025, 4, 11), "1.0.0"),
    (date(2025, 4, 28), "1.0.1"),
    (date(2025, 5, 20), "1.0.2"),
    (date(2025, 8, 10), "1.0.6"),
    (date(2025, 9, 23), "1.1.0"),
    (date(2025, 10, 27), "1.1.1"),
    (date(2025, 11, 5), "1.1.2"),
    (date(2026, 4, 6), "1.2.0"),
    (date(2026, 6, 30), "1.3.0"),
)
HEADER = "Airflow-API-Version"
NEWEST = VERSIONS[-1][0]

_DATES = [version for version, _ in VERSIONS]
_DATE = TypeAdapter(date)


class VersionTooOldError(Exception):
    """The version asked for is older than the first one: there are no routes, so every call is a 404."""


class MalformedVersionError(Exception):
    """The header is not a date. `errors` is the list a 422 reply carries."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{HEADER} is not a date: send YYYY-MM-DD")
        self.errors = errors


@lru_cache(maxsize=256)
def resolve(header: str | None) -> date:
    """The newest version not after the date asked for; the newest of all without a header.

    Raises VersionTooOldError and MalformedVersionError.
    """
    if header is None:
        return NEWEST
    if header == "":
        raise VersionTooOldError(header)
    try:
        asked = _DATE.validate_python(header)
    except ValidationError as error:
        found: list[Any] = error.errors(include_url=False)
        raise MalformedVersionError([{**each, "loc": ["header", HEADER]} for each in found]) from None
    position = bisect_right(_DATES, asked)
    if position == 0:
        raise VersionTooOldError(header)
    return _DATES[position - 1]
