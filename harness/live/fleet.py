"""The fleet port of the live world: a host for each worker, booted, killed, paused and watched."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from harness.live.bodies import BodyWitness
from harness.live.clocks import Clocks
from harness.live.commands import Camp, command, environment
from harness.live.disks import Disks
from harness.live.hosting import MakeHost, WorkerHost
from harness.live.memory import Memory
from harness.model.faults import ClockSkew, DiskFull, Fault, Victim
from harness.model.plan import PlannedWorker
from harness.ports import Heal, Strike

#: Seconds between two looks at processes and marks.
LOOK = 0.1

Say = Callable[[str, str, str, dict[str, Any]], None]
"""Called with process, type, f and value of each event of the fleet."""


class LiveFleet:
    """Implements `harness.ports.Fleet`, for hosts that these faults may strike. `url_of` tells each worker where the API is for it.

    `enter` says what stands before a worker's command: what puts it where it is to run.
    """

    def __init__(
        self,
        camp: Camp,
        *,
        faults: Sequence[Fault],
        make_host: MakeHost,
        say: Say,
        url_of: Callable[[str], str],
        bodies: BodyWitness,
    ) -> None:
        self._camp, self._make_host, self._say, self._url_of = camp, make_host, say, url_of
        self._bodies = bodies
        self.enter: Callable[[str], Sequence[str]] = lambda _: ()
        self._planned: dict[str, PlannedWorker] = {}
        self._hosts: dict[str, WorkerHost] = {}  # those that were not killed
        self._ended: dict[
            WorkerHost, None
        ] = {}  # whose worker has ended by itself; its job processes may go on
        self._pauses: dict[WorkerHost, int] = {}
        self._due: dict[WorkerHost, str] = {}  # paused, with a worker to be started again after it
        self._before: list[
            tuple[str, WorkerHost]
        ] = []  # what is left of hosts whose worker was started again
        self._clocks = Clocks(camp.folder, targets=_targets_of(ClockSkew, faults))
        self._disks = Disks(camp.disk, targets=_targets_of(DiskFull, faults))
        self._memory = Memory(self._targets, bodies=bodies.of, start_again=self._start_again)

    def boot(self, planned: PlannedWorker) -> None:
        """Start the worker."""
        camp, name = self._camp, planned.name
        self._planned[name] = planned
        url = self._url_of(name)
        self._say(name, "info", "worker.start", {"kind": planned.kind.value, "slots": planned.slots})
        self._disks.prepare(name)
        line = [*self.enter(name), *command(camp, planned, url=url)]
        env = self._clocks.environment(name, environment(camp, name, url=url))
        self._hosts[name] = self._make_host(name, line, home=camp.home(name), env=env)

    async def watch(self) -> None:
        """Notice workers and bodies that end, for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK)

    def look(self) -> None:
        """Notice workers and bodies that have ended."""
        self._bodies.look()
        self._memory.look()
        self._disks.look()
        for name, host in self._hosts.items():
            if host not in self._ended and (code := host.exit_code) is not None:
                self._ended[host] = None
                self._say(name, *_exit(code, host.last_words()))

    def last_words(self, name: str) -> str:
        """The last line of what a worker wrote."""
        host = self._hosts.get(name)
        return host.last_words() if host else "it never started"

    @property
    def lives(self) -> bool:
        """Whether one of the workers has not ended."""
        return any(host not in self._ended for host in self._hosts.values())

    def ended(self, names: list[str]) -> str:
        """The last words of the first of these workers that has ended, nothing if none has."""
        gone = (name for name in names if self._hosts.get(name) in self._ended)
        return next((f"{name}: {self.last_words(name)}" for name in gone), "")

    def outer(self, name: str, pid: int) -> int | None:
        """The machine's id of a process of that host; None where there is no such process."""
        host = self._hosts.get(name)
        return host.outer(pid) if host else None

    def _targets(self, pattern: str) -> dict[str, WorkerHost]:
        return {name: host for name, host in self._hosts.items() if fnmatchcase(name, pattern)}

    def _running(self, name: str) -> int:
        self._bodies.look()
        return self._bodies.running.get(name, 0)

    def kill(self, target: str, strike: Strike) -> Heal:
        killed = self._targets(target)
        for name in killed:
            strike(name, f"killed with {self._running(name)} running tasks")
            self._kill(name)

        def restart() -> None:
            for name in killed:
                self.boot(self._planned[name])

        return restart

    def _kill(self, name: str) -> None:
        host = self._hosts.pop(name)
        host.kill()
        for who, before in self._before:
            if who == name:
                before.kill()
        self._before = [each for each in self._before if each[0] != name]
        self._bodies.look()
        if host not in self._ended:
            self._say(name, "info", "worker.exit", {"reason": "killed"})

    def starve(self, target: str, victim: Victim, strike: Strike, *, goes_on: bool) -> Heal:
        self._bodies.look()
        return self._memory.runs_short(target, victim, strike, goes_on=goes_on)

    def _start_again(self, name: str, host: WorkerHost) -> None:
        """Start the worker of a host that has lost it, if that is what became of the host, beside its job processes."""
        self.look()
        if self._hosts.get(name) is host and host in self._ended:
            if self._pauses.get(host):
                self._due[host] = name
                return
            self._before.append((name, host))
            self.boot(self._planned[name])

    def terminate(self, target: str, drain: bool, strike: Strike) -> Heal:
        stopped = self._targets(target)
        number = signal.SIGINT if drain else signal.SIGTERM
        for name, host in stopped.items():
            strike(name, f"{number.name} with {self._running(name)} running tasks")
            host.tell(number)

        def restart() -> None:
            self.look()
            for name, host in stopped.items():
                if self._hosts.get(name) is host:
                    self._kill(name)  # with its job processes, should the worker have ended
                    self.boot(self._planned[name])

        return restart

    def skew(self, target: str, offset: timedelta, strike: Strike) -> Heal:
        for name in self._targets(target):
            strike(name, f"its clock jumped by {offset.total_seconds():+g} s")
        return self._clocks.skew(target, offset)

    def fill_disk(self, target: str, strike: Strike) -> Heal:
        free = self._disks.fill(target)
        for name in self._targets(target):
            strike(name, "no space is left on its disk")
        return free

    def pause(self, target: str, strike: Strike) -> Heal:
        paused = self._targets(target)
        for name, host in paused.items():
            strike(name, "stopped")
            self._pauses[host] = self._pauses.get(host, 0) + 1
            if self._pauses[host] == 1:
                host.pause()

        def go_on() -> None:
            for host in paused.values():
                self._pauses[host] -= 1
                if not self._pauses[host]:
                    host.resume()
                    if host in self._due:
                        self._start_again(self._due.pop(host), host)

        return go_on

    def stop(self) -> None:
        """End every worker, and whatever it started, those too that come after one that cannot be ended."""
        with ExitStack() as stack:
            for host in (*self._hosts.values(), *(host for _, host in self._before)):
                stack.callback(host.kill)
            self._hosts.clear()
            self._before.clear()


def _targets_of(kind: type[ClockSkew | DiskFull], faults: Sequence[Fault]) -> list[str]:
    return [fault.target for fault in faults if isinstance(fault, kind)]


def _exit(code: int, last_words: str) -> tuple[str, str, dict[str, Any]]:
    if code == 0:
        return "info", "worker.exit", {"reason": "it was done"}
    if code == -signal.SIGKILL:
        return "info", "worker.exit", {"reason": "killed"}
    return "fail", "worker.exit", {"reason": f"it ended with code {code}", "error": last_words}
