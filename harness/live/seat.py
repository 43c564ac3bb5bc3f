"""What a live world asks of its server, and what it gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from harness.live.commands import Camp
from harness.model.plan import Plan
from harness.ports import Server


class SayChange(Protocol):
    """Takes one change of a row: who made it, in which table, and the value of its event.

    `t` is when, by the machine's monotonic clock in nanoseconds; None is now.
    """

    def __call__(self, process: str, table: str, value: dict[str, Any], *, t: int | None = None) -> None: ...


ToDatabase = Callable[[str, tuple[str, int]], tuple[str, int]]
"""Takes the name of a process and the address of its database; where that process is to look for it."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What a server is given. `take_down` and `bring_up` tell the relays in front of it.

    With `to_database`, its processes find their database there: the plan has faults of those links.
    """

    plan: Plan
    camp: Camp
    say: SayChange
    say_exit: Callable[[str, str], None]
    take_down: Callable[[], None]
    bring_up: Callable[[], None]
    to_database: ToDatabase | None = None


class LiveServer(Server, Protocol):
    """A server that workers reach through relays."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, once it is started."""
        ...

    async def start(self) -> None:
        """Return when it listens, and its scheduler is at work."""
        ...

    async def finish(self) -> None:
        """Tell what is still to be told: the run is over."""
        ...

    async def stop(self) -> None:
        """Leave nothing behind. It may not have come up."""
        ...


MakeServer = Callable[[Seat], LiveServer]
