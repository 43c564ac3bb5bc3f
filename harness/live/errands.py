"""What a server still has to do beside the run: begun without waiting, cancelled at the end, no error lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


class Errands:
    """The tasks that are under way."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Future[None]] = []

    def begin(self, work: Awaitable[None]) -> None:
        """Let it go on by itself."""
        self._tasks.append(asyncio.ensure_future(work))

    async def end(self) -> list[Exception]:
        """Cancel what has not come to its end; returns what went wrong."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        return [end for end in ends if isinstance(end, Exception)]
