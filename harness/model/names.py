"""What to say when a name is not known: the nearest one that is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 30
"""So many names are listed; a fleet may have thousands."""


def no_such(what: str, name: str, known: Iterable[str]) -> str:
    """`no scenario 'cut-of': did you mean 'cut-off-worker'?`; without a near one, the first that are known."""
    known = list(known)
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if near:
        return f"there is no {what} {name!r}: did you mean {near[0]!r}?"
    more = f" and {len(known) - MOST:,} more" if len(known) > MOST else ""
    return f"there is no {what} {name!r}; there is {', '.join(known[:MOST]) or 'none at all'}{more}"
