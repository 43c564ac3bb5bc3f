"""The live world: real time, real sockets on loopback, real processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from harness.control_plane import HOST
from harness.errors import NotStarted
from harness.live.abilities import Hosts, how
from harness.live.bodies import BodyWitness
from harness.live.commands import Camp
from harness.live.database_wires import DatabaseWires
from harness.live.detours import Detours
from harness.live.fleet import LOOK, LiveFleet
from harness.live.hosting import MakeHost
from harness.live.seat import MakeServer, Seat
from harness.live.wires import LiveWires
from harness.model.faults import on_database
from harness.model.history import Event, History
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.proxy import Client
from harness.rng import Streams
from harness.tls.terminator import Terminator
from harness.toxics.links import Links
from harness.units import NANOSECONDS, nanoseconds

if TYPE_CHECKING:
    from harness.live.subnets import Subnets

Owing = Callable[[History, Plan], bool]
"""Whether something is still to come of a run with that History so far."""
#: Seconds in which every worker has to register, on a busy machine.
BOOT_TIMEOUT = 120.0
#: Seconds by which the calm may last longer, while something is left to do that should have been done by then.
PATIENCE = 60.0


class LiveClock:
    """The machine's monotonic clock, from the start of the run."""

    def __init__(self) -> None:
        self.begun = time.monotonic_ns()

    def now(self) -> int:
        return max(time.monotonic_ns() - self.begun, 0)

    async def sleep_until(self, moment: timedelta) -> None:
        left = nanoseconds(moment) - self.now()
        if left > 0:
            await asyncio.sleep(left / NANOSECONDS)


class LiveWorld:
    """Everything a plan needs, in real time. A plan constrains what happens here; it does not determine it."""

    name = "live"

    def __init__(
        self,
        plan: Plan,
        *,
        camp: Camp,
        make_server: MakeServer,
        make_host: MakeHost,
        hosts: Hosts,
        owing: Owing,
        toxiproxy: Client | None = None,
    ) -> None:
        self.plan, self.camp, self._owing = plan, camp, owing
        self.capabilities = frozenset(how(hosts))
        self.history = History(
            header={"scenario": plan.scenario, "seed": plan.seed, "world": self.name, "plan": plan.digest()}
        )
        self.clock = LiveClock()
        self._witnessed: list[tuple[int, dict[str, Any]]] = []  # by the machine's monotonic clock
        self._registered: set[str] = set()
        links = Links(Streams(plan.seed), delay=0, jitter=0)
        self._subnets = _subnets(plan, camp) if hosts is Hosts.NAMESPACES else None
        self._detours = Detours(toxiproxy, links) if toxiproxy else None
        self._database = _database(plan)
        self.network = LiveWires(
            links,
            now=time.monotonic_ns,
            record=self.record,
            new_call=self.history.new_call,
            subnets=self._subnets,
            detours=self._detours,
            terminator=_terminator(plan, camp),
            database=self._database,
        )
        self.server = make_server(self._seat())
        bodies = BodyWitness(
            camp.marks,
            say=self._body_says,
            outer=self._outer,
            now=time.monotonic_ns,
            new_call=self.history.new_call,
        )
        self.fleet = LiveFleet(
            camp,
            faults=plan.faults,
            make_host=make_host,
            say=self._fleet_says,
            url_of=self.network.url_of,
            bodies=bodies,
        )
        if self._subnets:
            self.fleet.enter = self._subnets.enter
        self._watch: asyncio.Task[None] | None = None

    def _seat(self) -> Seat:
        return Seat(
            plan=self.plan,
            camp=self.camp,
            say=self._server_says,
            say_exit=self._server_exits,
            take_down=self.network.take_down,
            bring_up=self.network.reopen,
            to_database=self._database.open if self._database else None,
        )

    # -- witnesses -------------------------------------------------------------------------------------

    def record(
        self,
        *,
        witness: str,
        process: str,
        type: str,
        f: str,
        value: dict[str, Any] | None = None,
        t: int | None = None,
    ) -> Event:
        """Take an event of that moment, or of now; the History is put in order at the end, when all marks are read."""
        if f == "worker.register" and type == "ok":
            self._registered.add(process)
        at = time.monotonic_ns() if t is None else t
        return self._record_at(at, witness, process, type, f, value or {})

    def _record_at(
        self, t: int, witness: str, process: str, type: str, f: str, value: dict[str, Any]
    ) -> Event:
        told = {"witness": witness, "process": process, "type": type, "f": f, "value": value}
        self._witnessed.append((t, told))
        return Event(-1, t, witness, process, type, f, value)

    def _server_says(self, process: str, table: str, value: dict[str, Any], *, t: int | None = None) -> None:
        at = time.monotonic_ns() if t is None else t
        self._record_at(at, "server", process, "ok", table, value)

    def _server_exits(self, process: str, error: str) -> None:
        value = {"reason": "it ended by itself", "error": error}
        self.record(witness="world", process=process, type="fail", f="worker.exit", value=value)

    def _body_says(self, t: int, host: str, type: str, value: dict[str, Any]) -> None:
        self._record_at(t, "body", host, type, "body", value)

    def _outer(self, host: str, pid: int) -> int | None:
        return self.fleet.outer(host, pid)

    def _fleet_says(self, host: str, type: str, f: str, value: dict[str, Any]) -> None:
        self.record(witness="world", process=host, type=type, f=f, value=value)

    # -- from start to end -----------------------------------------------------------------------------

    async def start(self) -> None:
        """The API listens, the scheduler sweeps, the relays stand, the workers boot. Then time begins."""
        try:
            await self._start()
        except BaseException:
            await self._end()
            raise
        self.clock.begun = time.monotonic_ns()
        self.history.header["epoch"] = time.time()

    async def _start(self) -> None:
        await self.server.start()
        for planned in self.plan.workers:
            if self._subnets:
                await self._subnets.join(planned.name)
            self.network.open(planned.name, self.server.address)
            self.fleet.boot(planned)
        self._watch = asyncio.create_task(self.fleet.watch(), name="watch")
        await self._all_registered()

    async def _all_registered(self) -> None:
        """Wait until every worker has registered. Raises NotStarted with the last words of one that does not."""
        patience = time.monotonic() + BOOT_TIMEOUT
        while late := self._not_registered():
            if words := self.fleet.ended(late):
                raise NotStarted(f"a worker ended before it registered: {words}")
            if time.monotonic() > patience:
                words = self.fleet.last_words(late[0])
                raise NotStarted(f"{late[0]} has not registered within {BOOT_TIMEOUT:.0f} s: {words}")
            await asyncio.sleep(LOOK)

    def _not_registered(self) -> list[str]:
        """The workers that have yet to register: of those that share a name one is enough, the others may be refused."""
        taken = {each.identity for each in self.plan.workers if each.name in self._registered}
        return [each.name for each in self.plan.workers if each.identity not in taken and not each.alias]

    async def catch_up(self) -> None:
        """Wait for what is still to come, so long as a worker lives: a machine with much to do takes longer."""
        last = time.monotonic() + PATIENCE
        while (asked := time.monotonic()) < last:
            if not self.fleet.lives or not self._owing(self._so_far(), self.plan):
                break
            # a long history takes its time: let that be a tenth
            pause = max(1.0, 10 * (time.monotonic() - asked))
            await asyncio.sleep(min(pause, max(0.0, last - time.monotonic())))

    async def stop(self) -> None:
        """Read the last marks, write the History, end every process. A server that is gone by then loses no History."""
        try:
            self.fleet.look()
            try:
                await self.server.finish()
            except NotStarted as silence:
                self._record_at(time.monotonic_ns(), **_unseen(silence))
            self.history.events = self._so_far().events
        except BaseException:
            await self._end()
            raise
        try:
            await self._end()
        except NotStarted as silence:
            self.history.append(t=self.clock.now(), **_unseen(silence))

    async def _end(self) -> None:
        """End everything, whatever goes wrong with one of it."""
        async with AsyncExitStack() as stack:
            if self._detours:
                stack.callback(self._detours.abandon if sys.exc_info()[0] else self._detours.close)
            if self._subnets:
                stack.callback(self._subnets.close)
            if self._database:
                stack.callback(self._database.close)
            stack.push_async_callback(self.server.stop)
            stack.push_async_callback(self._end_watch)
            stack.callback(self.network.close)
            stack.callback(self.fleet.stop)

    async def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    def _so_far(self) -> History:
        """What was witnessed until now, in order."""
        history = History(header=self.history.header)
        for t, told in sorted(self._witnessed, key=lambda each: each[0]):
            history.append(t=max(t - self.clock.begun, 0), **told)
        return history


def _unseen(silence: NotStarted) -> dict[str, Any]:
    """The event that the server could not be seen any more."""
    told = {"witness": "world", "process": HOST, "type": "info", "f": "server.unseen"}
    return {**told, "value": {"reason": str(silence)}}


def _subnets(plan: Plan, camp: Camp) -> Subnets:
    from harness.live.subnets import Subnets  # it needs the extra `live`

    return Subnets(plan, folder=camp.folder)


def _database(plan: Plan) -> DatabaseWires | None:
    """The links to the server's database, where a fault is about them."""
    if not any(on_database(fault) for fault in plan.faults):
        return None
    return DatabaseWires(Links(Streams(plan.seed), delay=0, jitter=0), now=time.monotonic_ns)


def _terminator(plan: Plan, camp: Camp) -> Terminator | None:
    """What ends TLS before the API. Released edge workers have no option for a certificate of their own calls."""
    if plan.tls is Tls.OFF:
        return None
    edge = [worker.name for worker in plan.workers if worker.kind is Workers.EDGE]
    return Terminator(camp.authority, tls=plan.tls, server=HOST, without_certificate=edge)
