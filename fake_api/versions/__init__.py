"""The released versions of the Execution API, and the rule for the header that picks one.

Airflow: execution_api/versions/ and Cadwyn's header waterfall. This file is all that a call of the newest version
needs; the rest of the package serves the older ones and is loaded when the first of them is asked for.
"""

from bisect import bisect_right

#: Version, and the first task SDK that asks for it.
VERSIONS = (
    ("2025-04-11", "1.0.0"),
    ("2025-04-28", "1.0.1"),
    ("2025-05-20", "1.0.2"),
    ("2025-08-10", "1.0.6"),
    ("2025-09-23", "1.1.0"),
    ("2025-10-27", "1.1.1"),
    ("2025-11-05", "1.1.2"),
    ("2026-04-06", "1.2.0"),
    ("2026-06-30", "1.3.0"),
)
HEADER = "Airflow-API-Version"
RELEASED = tuple(version for version, _ in VERSIONS)
NEWEST = RELEASED[-1]


def closest(asked: str) -> str | None:
    """The version whose routes serve a header: the newest not after it; None when there is none so old.

    The comparison is one of texts, as Cadwyn's is. So "20250412" and "tomorrow" get the newest routes, and only
    there the refusal that they are no dates.
    """
    position = bisect_right(RELEASED, asked)
    return RELEASED[position - 1] if position else None
