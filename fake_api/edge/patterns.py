"""How the edge pages of the UI look for names: SQL's ILIKE, where % and _ in the searched text are wildcards."""

import re
from functools import lru_cache


def contains(text: str | None, pattern: str | None) -> bool:
    """Whether a column has the pattern somewhere in it. Every column has none and the empty one."""
    return not pattern or (text is not None and _compiled(f"%{pattern}%").fullmatch(text) is not None)


def serves(queues: tuple[str, ...] | None, pattern: str | None) -> bool:
    """Whether one of these queues begins with the pattern: it is looked for after a quote in the list's text."""
    return contains(str(list(queues)) if queues else None, pattern and f"'{pattern}")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    wildcards = {"%": ".*", "_": "."}
    text = "".join(wildcards.get(each) or re.escape(each) for each in pattern)
    return re.compile(text, re.IGNORECASE | re.DOTALL)
