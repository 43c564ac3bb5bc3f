"""Long work in slices, so that the API answers others meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 500
"""Items until whoever waits gets a turn."""


async def by_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a turn for others now and then."""
    for place, item in enumerate(items, start=1):
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
        yield item
