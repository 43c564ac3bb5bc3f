"""Memory runs short on simulated hosts: whom the kernel kills, and what comes back."""

from __future__ import annotations

import signal
from contextvars import Context
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.model.faults import Victim
from harness.ports import Heal, Strike
from harness.sim.body import SimBody
from harness.sim.node import Node

if TYPE_CHECKING:
    from harness.sim.fleet import SimFleet

REASON = "the kernel killed it for want of memory"


class Memory:
    """The memory of the fleet's hosts."""

    def __init__(self, fleet: SimFleet) -> None:
        self._fleet = fleet
        self._short: dict[object, tuple[str, Strike]] = {}  # by fault: a pattern of hosts on which tasks die
        self._dead: dict[object, list[Node]] = {}  # by fault: the hosts whose workers it killed

    def runs_short(self, target: str, victim: Victim, strike: Strike, *, goes_on: bool) -> Heal:
        """One process of each host dies; with `goes_on`, each task that begins before the Heal does too."""
        key = object()
        self._dead[key] = []
        if goes_on and victim is Victim.TASK:
            self._short[key] = target, strike
        for node in self._fleet.targets(target):
            running = self._fleet.running(node)
            if victim is Victim.WORKER:
                self._kill(key, node, node.main, strike)
            elif running:
                self._kill(key, node, running[0].runner, strike)

        def heal() -> None:
            self._short.pop(key, None)
            for node in self._dead.pop(key):
                self._fleet.start_again(node)

        return heal

    def began(self, node: Node, body: SimBody) -> None:
        """A task began: as long as memory is short there, not for long."""
        for key, (target, strike) in self._short.items():
            if fnmatchcase(node.name, target):
                # the kernel's own doing: in no process, and after what the task does at this instant
                self._fleet.world.loop.call_soon(
                    self._kill, key, node, body.runner, strike, context=Context()
                )
                return

    def _kill(self, key: object, node: Node, process: object, strike: Strike) -> None:
        if process is not node.main:
            strike(node.name, "its largest task was killed")
            for body in self._fleet.running(node):
                if body.runner is process:
                    body.kill(REASON)
            process.signal(signal.SIGKILL)  # type: ignore[attr-defined]  # harness.sim.supervisor.ChildProcess
        elif self._fleet.has_worker(node):
            strike(node.name, "its worker was killed")
            self._fleet.lose_worker(node, REASON)
            self._dead.setdefault(key, []).append(node)
