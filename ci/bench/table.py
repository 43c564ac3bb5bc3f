"""The rows of a benchmark, and how they are printed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One measured figure: what, how much, in which unit, and what it is compared with."""

    what: str
    figure: float
    unit: str
    note: str = ""


def print_table(rows: Iterable[Row]) -> None:
    """Print each row as soon as it is measured."""
    for row in rows:
        figure = f"{row.figure:,.0f}" if row.figure >= 100 else f"{row.figure:,.3g}"
        print(f"{row.what:<58} {figure:>10} {row.unit:<24} {row.note}".rstrip(), flush=True)
