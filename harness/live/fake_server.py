"""The server port of the live world with the fake API: in this process, over real sockets, with its sweeps."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import UTC, datetime

from fake_api import Change, Scheduler, Settings, State
from harness.control_plane import HOST, http_protocol, seed_content, task_spec, witnessed
from harness.live.binding import on_loopback
from harness.live.errands import Errands
from harness.live.scripted_process import SECRET_VARIABLE
from harness.live.seat import Seat
from harness.live.workload import DAG_FILE
from harness.model.plan import Submission
from harness.ports import Heal, Strike


class LiveFakeServer:
    """Implements `harness.live.seat.LiveServer`. The camp's options are its settings."""

    def __init__(self, seat: Seat) -> None:
        options = dict(seat.camp.options) | {SECRET_VARIABLE: seat.camp.jwt_secret}
        settings = replace(Settings.from_environment(options), **seat.camp.installed.fake)
        self.state = State(settings=settings, now=lambda: datetime.now(UTC))
        self.state.subscribe(self._changed)
        self._seat = seat
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._errands = Errands()
        self.address = ("127.0.0.1", 0)
        seed_content(self.state)

    def _changed(self, change: Change) -> None:
        if told := witnessed(change):
            process, value = told
            self._seat.say(process, change.table, value)

    async def start(self) -> None:
        """Listen on loopback, at any free port, and let the scheduler sweep."""
        self._held = on_loopback(0)
        self.address = self._held.getsockname()
        await self._listen()
        self._get_ready()
        self._errands.begin(Scheduler(self.state).run())

    def _get_ready(self) -> None:
        """Make the routes of older API versions before time begins: the first call would wait seconds for them."""
        if self._seat.camp.installed.workers is not None:
            from fake_api.versions.older import routers

            routers()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(http_protocol(self.state), *self.address)

    def submit(self, task: Submission) -> str:
        """Queue the task; returns the id of its task instance."""
        if task.triggers and task.triggers not in self.state.dags:
            self.state.add_dag(task.triggers)
        return str(self.state.submit(replace(task_spec(task), dag_rel_path=DAG_FILE)))

    def restart(self, target: str, strike: Strike) -> Heal:
        """The API goes down with its connections; the Heal starts a new application on the stored state."""
        if self._server is None:
            return lambda: None
        strike(HOST, "went down")
        self._server.close()
        self._server = None
        self._seat.take_down()
        return lambda: self._errands.begin(self._come_back())

    async def _come_back(self) -> None:
        await self._listen()
        self._seat.bring_up()

    async def finish(self) -> None:
        """All is told at once."""

    async def stop(self) -> None:
        """Stop listening and sweeping. Raises what ended the scheduler or kept the API away, should that have happened."""
        errors = await self._errands.end()
        if self._held is not None:
            self._held.close()
        if self._server is not None:
            self._server.close()
        for error in errors:
            raise error
