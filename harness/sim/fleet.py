"""The fleet port of the simulated world: one node a worker, booted, killed, paused and watched."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
import ssl
from collections.abc import Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from harness.model.faults import Victim
from harness.model.options import values
from harness.model.plan import PlannedWorker, Submission
from harness.model.scenario import Workers
from harness.ports import Heal, Strike
from harness.sim.body import SimBody
from harness.sim.memory import Memory
from harness.sim.network import Network
from harness.sim.node import Node
from harness.sim.server import url
from harness.sim.supervisor import SupervisedTry
from harness.units import nanoseconds
from harness.workers.edge import make_worker
from harness.workers.scripted import ScriptedWorker

if TYPE_CHECKING:
    from harness.sim.world import SimWorld

PRIVATE = re.compile(r"[^\s'\"]*airflow-remote-harness-[^/\s'\"]+|\b0x[0-9a-f]+\b")
"""What differs from process to process: temporary folders, and where in memory an object is."""


class SimSite:
    """Implements `harness.ports.Site` on one node."""

    def __init__(self, fleet: SimFleet, node: Node, random: Random) -> None:
        self._fleet, self.node, self.random = fleet, node, random
        self.name, self.server_url = node.name, url(fleet.world.plan.tls)
        self.jwt_secret = fleet.world.state.settings.jwt_secret

    def option(self, name: str) -> float:
        return self._fleet.options[name]

    def tls_context(self) -> ssl.SSLContext | None:
        tls = self._fleet.world.tls
        return tls.files(self.name).context() if tls else None

    def sdk_context(self) -> ssl.SSLContext | None:
        """What the released SDK client has in a process that starts now."""
        tls = self._fleet.world.tls
        return tls.of_sdk(self.name) if tls else None

    def utcnow(self) -> datetime:
        now = self._fleet.world.clock.utcnow()
        return now + timedelta(microseconds=self.node.clock_offset // 1000) if self.node.clock_offset else now

    def monotonic(self) -> float:
        return self._fleet.world.loop.time()

    def new_pid(self) -> int:
        return self.node.new_pid()

    def write(self, path: Path, text: str) -> None:
        """Append to a file on the host's disk. Raises OSError where that is full."""
        self._fleet.needs_disk(self.node)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)

    def task(self, dag_id: str, task_id: str, run_id: str) -> Submission:
        return self._fleet.tasks[dag_id, task_id, run_id]

    def begin(self, task: Submission, *, ti: str, try_number: int) -> SimBody:
        return self._fleet.begin(self.node, task, ti=ti, try_number=try_number)


class SimFleet:
    """Implements `harness.ports.Fleet`."""

    def __init__(self, world: SimWorld, wires: Network, *, folder: Path) -> None:
        self.world, self._wires, self.folder = world, wires, folder
        self.tasks = {(task.dag_id, task.task_id, task.run_id): task for task in world.plan.submissions}
        self.options = values(world.plan.options)
        self._bodies: dict[str, list[SimBody]] = {}
        self._planned: dict[str, PlannedWorker] = {}
        self._skews: dict[object, tuple[str, int]] = {}  # by fault: a pattern of hosts, and nanoseconds
        self._full_disks: dict[object, tuple[str, Strike]] = {}  # by fault
        self._ended: dict[Node, None] = {}  # the hosts whose worker has ended before them
        self._killed: dict[Node, None] = {}  # the hosts that are Kill's to boot again, or not
        self._memory = Memory(self)

    def boot_all(self, workers: Iterable[PlannedWorker]) -> None:
        for planned in workers:
            self._planned[planned.name] = planned
            self.boot(planned)

    def boot(self, planned: PlannedWorker) -> None:
        """The host starts, and on it the worker."""
        node = self._wires.boot(planned.name)
        node.on_task_error = self._background_failed
        self._set_clock(node)
        self._bodies[planned.name] = []
        self._start(planned, node)

    def _start(self, planned: PlannedWorker, node: Node) -> None:
        value = {"kind": planned.kind.value, "slots": planned.slots}
        self._say(planned.name, "info", "worker.start", value)
        site = SimSite(self, node, self.world.streams.named(f"worker/{planned.name}"))
        node.site = site
        node.tls_context = self.world.tls.of_aiohttp() if self.world.tls else None
        main = self._run(planned.name, node, self._main(site, planned))
        self.world.loop.create_task(main, name=f"{planned.name}: main", context=node.context(node.main))

    def start_again(self, node: Node) -> None:
        """Start the worker on a host that has lost it, if that is what became of the host."""
        if self._wires.hosts[node.name] is node and node.alive and node in self._ended:
            del self._ended[node]
            node.main = object()
            self._start(self._planned[node.name], node)

    async def _main(self, site: SimSite, planned: PlannedWorker) -> None:
        if planned.kind is Workers.EDGE:
            await make_worker(planned, logs=self.folder / "logs" / planned.name).start()
        elif planned.kind is Workers.SUPERVISED:
            await ScriptedWorker(planned, site, attempt=SupervisedTry).run()
        else:
            await self.world.parts.scripted(planned, site).run()

    async def _run(self, name: str, node: Node, main: Any) -> None:
        """The worker's main process, and how it ended."""
        try:
            await main
        except SystemExit as end:
            self._say(name, "fail", "worker.exit", {"reason": f"it said: {_text(str(end))}"})
        except Exception as error:  # noqa: BLE001 - the worker's own end, told to the History
            value = {"reason": "an error ended it", "error": _text(f"{type(error).__name__}: {error}")}
            self._say(name, "fail", "worker.exit", value)
        else:
            self._say(name, "info", "worker.exit", {"reason": "it was done"})
        self._ended[node] = None
        if self._planned[name].kind is Workers.SCRIPTED:  # its tasks run in its own process
            self._kill_bodies(node, "its worker ended")
        self._abandon_background(node)

    def _abandon_background(self, node: Node) -> None:
        # as asyncio.run does at its end; job processes are processes of their own and go on
        jobs = {process.task for process in node.processes.values()}
        for task in list(node.tasks):
            if task is not asyncio.current_task() and task not in jobs:
                task.cancel()

    def _background_failed(self, node: Node, what: str, error: BaseException) -> None:
        value = {"what": what, "error": _text(f"{type(error).__name__}: {error}")}
        self._say(node.name, "fail", "worker.background", value)

    def _say(self, name: str, type: str, f: str, value: dict[str, Any]) -> None:
        self.world.record(witness="world", process=name, type=type, f=f, value=value)

    # -- bodies ------------------------------------------------------------------------------------

    def begin(self, node: Node, task: Submission, *, ti: str, try_number: int) -> SimBody:
        """Start a body on the node."""
        world = self.world
        body = SimBody(
            loop=world.loop,
            record=world.record,
            process=node.name,
            task=task,
            ti=ti,
            try_number=try_number,
            call=world.history.new_call(),
        )
        self._bodies[node.name] = [*self.running(node), body]
        self._memory.began(node, body)
        return body

    def running(self, node: Node) -> list[SimBody]:
        """The bodies that run on the host, the oldest first."""
        return [body for body in self._bodies[node.name] if not body.done]

    def _kill_bodies(self, node: Node, reason: str) -> None:
        for body in self._bodies[node.name]:
            body.kill(reason)

    # -- faults ------------------------------------------------------------------------------------

    def targets(self, pattern: str) -> list[Node]:
        """The living hosts that fit."""
        return [
            self._wires.hosts[name]
            for name in self._planned
            if fnmatchcase(name, pattern) and self._wires.hosts[name].alive
        ]

    def kill(self, target: str, strike: Strike) -> Heal:
        killed = self.targets(target)
        for node in killed:
            strike(node.name, f"killed with {len(self.running(node))} running tasks")
            self._killed[node] = None
            self._kill(node)

        def restart() -> None:
            for node in killed:
                self.boot(self._planned[node.name])

        return restart

    def _kill(self, node: Node) -> None:
        self._kill_bodies(node, "its host was killed")
        self._wires.kill(node)
        if node not in self._ended:
            self._say(node.name, "info", "worker.exit", {"reason": "killed"})

    def has_worker(self, node: Node) -> bool:
        """Whether the worker's own process lives."""
        return node.alive and node not in self._ended

    def lose_worker(self, node: Node, reason: str) -> None:
        """The worker's process dies, and what it has started goes on."""
        for body in self.running(node):
            if body.runner is node.main:
                body.kill(reason)
        self._wires.kill_main(node)
        self._ended[node] = None
        self._say(node.name, "info", "worker.exit", {"reason": "killed"})

    def starve(self, target: str, victim: Victim, strike: Strike, *, goes_on: bool) -> Heal:
        return self._memory.runs_short(target, victim, strike, goes_on=goes_on)

    def terminate(self, target: str, drain: bool, strike: Strike) -> Heal:
        stopped = self.targets(target)
        for node in stopped:
            number = signal.SIGINT if drain else signal.SIGTERM
            strike(node.name, f"{number.name} with {len(self.running(node))} running tasks")
            handler, args = node.signal_handlers.get(number, (self._kill, (node,)))  # the default is to die
            self.world.loop.call_soon(handler, *args, context=node.context(node.main))

        def restart() -> None:
            for node in stopped:
                if self._wires.hosts[node.name] is node and node not in self._killed:
                    if node.alive:
                        self._kill(node)
                    self.boot(self._planned[node.name])

        return restart

    def fill_disk(self, target: str, strike: Strike) -> Heal:
        key = object()
        self._full_disks[key] = target, strike

        def free() -> None:
            del self._full_disks[key]

        return free

    def needs_disk(self, node: Node) -> None:
        """The node writes to a file. Raises OSError where no space is left."""
        for target, strike in self._full_disks.values():
            if fnmatchcase(node.name, target):
                strike(node.name, "a write failed: no space left on device")
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def skew(self, target: str, offset: timedelta, strike: Strike) -> Heal:
        key, text = object(), f"{offset.total_seconds():+g} s"
        self._skews[key] = target, nanoseconds(offset)
        for node in self.targets(target):
            strike(node.name, f"its clock jumped by {text}")
            self._set_clock(node)

        def set_right() -> None:
            del self._skews[key]
            for node in self.targets(target):
                self._set_clock(node)

        return set_right

    def _set_clock(self, node: Node) -> None:
        node.clock_offset = sum(by for target, by in self._skews.values() if fnmatchcase(node.name, target))

    def pause(self, target: str, strike: Strike) -> Heal:
        paused = self.targets(target)
        for node in paused:
            strike(node.name, "stopped")
            node.pauses += 1
            self.world.loop.halt(node)

        def go_on() -> None:
            for node in paused:
                node.pauses -= 1
                if node.alive and not node.pauses:
                    self.world.loop.resume(node)

        return go_on


def _text(words: str) -> str:
    """What an error says, the same in every process."""
    return PRIVATE.sub("…", words)
