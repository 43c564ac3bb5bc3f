"""Task bodies in virtual time: they last as long as the plan says and bear witness themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harness.model.history import Event
from harness.model.plan import Submission
from harness.sim.node import PROCESS

Record = Callable[..., Event]


class SimBody:
    """One running body, in the process `runner`. `ends_at` is the loop's time in seconds."""

    def __init__(
        self,
        *,
        loop: Any,
        record: Record,
        process: str,
        task: Submission,
        ti: str,
        try_number: int,
        call: int,
    ) -> None:
        self._record, self._process = record, process
        self.runner, self.done = PROCESS.get(), False
        self.fails = try_number in task.failing_tries
        self.ends_at = loop.time() + task.lasting.total_seconds()
        self._about = {"call": call, "task": task.key, "ti": ti, "try": try_number}
        self._say("invoke", slots=task.slots)
        self._timer: asyncio.TimerHandle = loop.call_at(self.ends_at, self._end)

    def _say(self, type: str, **more: Any) -> None:
        self._record(
            witness="body", process=self._process, type=type, f="body", value={**self._about, **more}
        )

    def _end(self) -> None:
        if not self.done:
            self.done = True
            self._say("fail" if self.fails else "ok")

    def kill(self, reason: str) -> None:
        """The body dies now; nothing if it has ended."""
        if not self.done:
            self.done = True
            self._timer.cancel()
            self._say("info", reason=reason)
