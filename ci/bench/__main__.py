"""`python -m ci.bench [NAME …]`: run the benchmarks of those names, or all, and print one table."""

from __future__ import annotations

import sys

from ci.bench.measures import MEASURES
from ci.bench.table import print_table


def main(names: list[str]) -> int:
    """Measure and print; 64 for a name that no benchmark has."""
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        print(f"bench: there is no {unknown[0]!r}; there is {', '.join(MEASURES)}", file=sys.stderr)
        return 64
    print_table(
        rows for name, measure in MEASURES.items() if name in names or not names for rows in measure()
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
