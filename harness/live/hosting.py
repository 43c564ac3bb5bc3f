"""What a live world asks of a worker's host, and the kinds of hosts that there are."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from harness.live.abilities import Hosts
from harness.live.commands import Camp
from harness.live.containers import containers
from harness.live.hosts import Host


class WorkerHost(Protocol):
    """A started host: one worker, and everything that descends from it."""

    @property
    def exit_code(self) -> int | None:
        """How the worker's main process ended, negative for a signal; None while it runs."""
        ...

    def last_words(self) -> str:
        """The last line of what the worker wrote."""
        ...

    @property
    def main(self) -> int | None:
        """The machine's id of the worker's main process; None when it has ended."""
        ...

    def outer(self, pid: int) -> int | None:
        """The machine's id of the process that has this id on the host; None for none."""
        ...

    def tell(self, number: signal.Signals) -> None:
        """Signal the worker's main process."""
        ...

    def pause(self) -> None:
        """Every process of the host stands still."""
        ...

    def resume(self) -> None:
        """They go on."""
        ...

    def kill(self) -> None:
        """Every process of the host is gone."""
        ...


class MakeHost(Protocol):
    """Starts a host of that name with the worker's command line and its whole environment. `home` is its own disk."""

    def __call__(
        self, name: str, command: Sequence[str], *, home: Path, env: Mapping[str, str]
    ) -> WorkerHost: ...


Hosting = Callable[[Camp], AbstractContextManager[MakeHost]]
"""What makes the hosts of a run; when its block ends, nothing of them is left."""


@contextmanager
def processes(_: Camp) -> Iterator[MakeHost]:
    """Process trees of this machine, each below an init of ours; they end with this process, however it ends."""
    yield Host


HOSTING: Mapping[Hosts, Hosting] = {
    Hosts.PROCESSES: processes,
    Hosts.NAMESPACES: processes,  # which enter their network before they do anything else
    Hosts.CONTAINERS: containers,
}
