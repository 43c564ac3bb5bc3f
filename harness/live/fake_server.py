"""The server port of the live world with the fake API: in this process, over real sockets, with its sweeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from fake_api import Scheduler, State
from harness.control_plane import HOST, http_protocol, seed_content, task_spec
from harness.live.workload import DAG_FILE
from harness.model.plan import Submission
from harness.ports import Heal, Strike


class LiveFakeServer:
    """Implements `harness.ports.Server`. `take_down` and `bring_up` tell the wires in front of it."""

    def __init__(self, state: State, *, take_down: Callable[[], None], bring_up: Callable[[], None]) -> None:
        self.state, self._take_down, self._bring_up = state, take_down, bring_up
        self._server: asyncio.Server | None = None
        self._scheduler: asyncio.Task[None] | None = None
        self.address = ("127.0.0.1", 0)
        seed_content(state)

    async def start(self) -> None:
        """Listen on loopback, at any free port, and let the scheduler sweep."""
        await self._listen()
        self._scheduler = asyncio.create_task(Scheduler(self.state).run(), name="scheduler")

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(http_protocol(self.state), *self.address)
        self.address = self._server.sockets[0].getsockname()

    def submit(self, task: Submission) -> str:
        """Queue the task; returns the id of its task instance."""
        return str(self.state.submit(replace(task_spec(task), dag_rel_path=DAG_FILE)))

    def restart(self, target: str, strike: Strike) -> Heal:
        """The API goes down with its connections; the Heal starts a new application on the stored state."""
        if self._server is None:
            return lambda: None
        strike(HOST, "went down")
        self._server.close()
        self._server = None
        self._take_down()
        return self._come_back

    def _come_back(self) -> None:
        task = asyncio.get_running_loop().create_task(self._listen(), name="api restart")
        task.add_done_callback(lambda done: done.exception() or self._bring_up())

    async def stop(self) -> None:
        """Stop listening and sweeping. Raises what ended the scheduler, should that have happened."""
        if self._server is not None:
            self._server.close()
        if self._scheduler is not None:
            self._scheduler.cancel()
            with suppress(asyncio.CancelledError):
                await self._scheduler
