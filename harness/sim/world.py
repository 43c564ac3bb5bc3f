"""The simulated world: hosts `api`, `scheduler` and one for each worker, on one virtual loop in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fake_api import RULES, Change, Rules, Scheduler, Settings, State
from harness.control_plane import configured, witnessed
from harness.errors import SimulationError
from harness.model.history import Event, History
from harness.model.plan import Plan, PlannedWorker
from harness.model.tls_faults import Tls
from harness.ports import Site
from harness.rng import Streams, uuid7
from harness.sim.abilities import HOW
from harness.sim.fleet import SimFleet
from harness.sim.loop import SimLoop
from harness.sim.network import Network
from harness.sim.server import SimServerPort
from harness.sim.wires import SimWires
from harness.units import nanoseconds
from harness.workers.scripted import ScriptedWorker

if TYPE_CHECKING:
    from harness.sim.tls_files import SimTls

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The wall clock's time at the start of every simulated run."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a world is made of besides its plan: exchange one to see what a wrong one does."""

    settings: Settings = field(default_factory=Settings)
    rules: Rules = RULES
    state: Callable[..., State] = State
    server: Callable[..., SimServerPort] = SimServerPort
    scheduler: Callable[[State], Scheduler] = Scheduler
    scripted: Callable[[PlannedWorker, Site], ScriptedWorker] = ScriptedWorker
    told: Callable[[Event], None] = lambda event: None
    """Hears of each event the moment it happens, in the very code that it happens to."""


class SimClock:
    """The loop's clock."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._last = 0, EPOCH  # each call asks for the time of its instant several times

    def now(self) -> int:
        return self._loop.now

    async def sleep_until(self, moment: timedelta) -> None:
        left = nanoseconds(moment) - self._loop.now
        if left > 0:
            await asyncio.sleep(left / 1e9)

    def utcnow(self) -> datetime:
        """The wall clock, in UTC; datetimes hold microseconds."""
        if self._last[0] != self._loop.now:
            self._last = self._loop.now, EPOCH + timedelta(microseconds=self._loop.now // 1000)
        return self._last[1]


class SimWorld:
    """Everything a plan needs, in virtual time. `folder` is for what code under test writes for itself."""

    name = "sim"
    capabilities = frozenset(HOW)

    def __init__(self, plan: Plan, *, loop: SimLoop, folder: Path, parts: Parts | None = None) -> None:
        self.plan, self.loop, self.parts = plan, loop, parts or Parts()
        self.streams = Streams(plan.seed)
        self.history = History(
            header={
                "scenario": plan.scenario,
                "seed": plan.seed,
                "world": self.name,
                "plan": plan.digest(),
                "epoch": EPOCH.timestamp(),
            }
        )
        self.clock = SimClock(loop)
        link = plan.link
        wires = Network(loop, self.streams, delay=nanoseconds(link.delay), jitter=nanoseconds(link.jitter))
        self.tls = _tls(plan, folder)
        self.network = SimWires(
            wires,
            record=self.record,
            new_call=self.history.new_call,
            terminator=self.tls.terminator if self.tls else None,
        )
        self.state = self.parts.state(
            settings=configured(self.parts.settings, plan.options),
            rules=self.parts.rules,
            now=self.clock.utcnow,
            new_id=self._new_id,
        )
        self.state.subscribe(self._server_says)
        self.server = self.parts.server(wires, self.state, over_tls=self.tls.end if self.tls else None)
        self.fleet = SimFleet(self, wires, folder=folder)
        self._scheduler: asyncio.Task[None] | None = None
        self._over = False
        self._loop_errors: list[BaseException] = []
        loop.set_exception_handler(self._loop_error)

    def _new_id(self) -> UUID:
        unix_ms = int(EPOCH.timestamp() * 1000) + self.loop.now // 1_000_000
        return uuid7(unix_ms=unix_ms, stream=self.streams.named("ids"))

    def record(
        self, *, witness: str, process: str, type: str, f: str, value: dict[str, Any] | None = None
    ) -> Event:
        """Append an event of this moment; after the end, when tasks are torn down, nothing is."""
        if self._over:
            return Event(-1, self.loop.now, witness, process, type, f, value or {})
        event = self.history.append(
            t=self.loop.now, witness=witness, process=process, type=type, f=f, value=value
        )
        self.parts.told(event)
        return event

    def _server_says(self, change: Change) -> None:
        if told := witnessed(change):
            process, value = told
            self.record(witness="server", process=process, type="ok", f=change.table, value=value)

    def _loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # a callback that nobody awaits has raised: the run cannot be trusted any more
        self._loop_errors.append(context.get("exception") or SimulationError(str(context.get("message"))))

    async def start(self) -> None:
        """The API listens, the scheduler sweeps, the workers boot."""
        self.server.boot()
        scheduler = self.network.wires.boot("scheduler")
        self._scheduler = self.loop.create_task(
            self.parts.scheduler(self.state).run(), name="scheduler", context=scheduler.context()
        )
        self._scheduler.add_done_callback(self._scheduler_ended)
        self.fleet.boot_all(self.plan.workers)

    def _scheduler_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            value = {"reason": "it ended by itself", "error": str(task.exception() or "") or None}
            self.record(witness="world", process="scheduler", type="fail", f="worker.exit", value=value)

    async def catch_up(self) -> None:
        """Nothing is late in virtual time."""

    async def stop(self) -> None:
        """Close the History. Raises what ended the scheduler or a callback, should that have happened."""
        self._over = True
        if self._loop_errors:
            raise SimulationError("a callback of the simulation failed") from self._loop_errors[0]
        if self._scheduler is not None and self._scheduler.done():
            self._scheduler.result()


def _tls(plan: Plan, folder: Path) -> SimTls | None:
    """The certificates of a run over TLS; trustme is imported only where there is one."""
    if plan.tls is Tls.OFF:
        return None
    from harness.sim.tls_files import SimTls

    return SimTls(plan, folder / "tls")
