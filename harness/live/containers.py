"""A worker's host as a container: docker start, kill, pause and unpause are what a plan's faults do to it.

When the worker's main process ends, so does the container, and with it all that runs there.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import NotStarted
from harness.live.commands import Camp
from harness.live.engine import TIMEOUT, Engine, engine
from harness.live.host_image import Runtime, runtime
from harness.live.hosts import descendants, first_child, lives

if TYPE_CHECKING:
    from docker.models.containers import Container

    from harness.live.hosting import MakeHost


#: What docker itself says of a container that could not be started.
NEVER_RAN = 125


@contextmanager
def containers(camp: Camp) -> Iterator[MakeHost]:
    """Containers of this machine's Docker engine; a host that boots again is its old container, started again.

    Raises MissingExtra and NotStarted.
    """
    with engine() as found, containers_of(found, camp.folder, python=camp.python) as make_host:
        yield make_host


@contextmanager
def containers_of(engine: Engine, folder: Path, *, python: Path = Path(sys.executable)) -> Iterator[MakeHost]:
    """Containers of that engine; `folder`, which is the run's, is theirs to write to."""
    yield partial(ContainerHost, Yard(engine, runtime(engine, python=python), folder))


class Yard:
    """Where the containers of a run are made and kept, by the name of their host."""

    def __init__(self, engine: Engine, runtime: Runtime, folder: Path) -> None:
        self.engine, self.runtime, self.folder = engine, runtime, folder
        self._made: dict[str, Container] = {}

    def boot(self, name: str, command: Sequence[str], home: Path, env: Mapping[str, str]) -> Container:
        """Start the container of that host, which is made at its first boot. Raises NotStarted."""
        from docker.errors import DockerException

        try:
            if name not in self._made:
                self._made[name] = self._make(name, command, home, env)
            container = self._made[name]
            container.start()
            container.reload()
        except (DockerException, OSError) as error:
            raise NotStarted(f"the container of {name} cannot be started: {error}") from None
        return container

    def _make(self, name: str, command: Sequence[str], home: Path, env: Mapping[str, str]) -> Container:
        read_only = {str(path): {"bind": str(path), "mode": "ro"} for path in self.runtime.mounts}
        entrypoint, *arguments = self.runtime.command(command)
        return self.engine.client.containers.create(
            self.runtime.image,
            arguments,
            entrypoint=[entrypoint],
            name=f"{self.engine.run}-{name}",
            labels=self.engine.labels,
            environment=self.runtime.environment(env),
            volumes=read_only | {str(self.folder): {"bind": str(self.folder), "mode": "rw"}},
            user=f"{os.getuid()}:{os.getgid()}",
            working_dir=str(home),
            network_mode="host",
            init=True,
        )


class ContainerHost:
    """Implements `harness.live.hosting.WorkerHost`. It boots aside; who asks for more than its exit code waits for that."""

    def __init__(
        self, yard: Yard, name: str, command: Sequence[str], *, home: Path, env: Mapping[str, str]
    ) -> None:
        home.mkdir(exist_ok=True)
        self._name = name
        self._booting = yard.engine.pool.submit(yard.boot, name, command, home, env)
        self._code: int | None = None
        self._outer: dict[int, int] = {}

    @property
    def _container(self) -> Container:
        return self._booting.result(TIMEOUT)

    @cached_property
    def _pid(self) -> int:
        """The id of the container's init on this machine; asked for while it ran, for afterwards nobody knows it."""
        return int(self._container.attrs["State"]["Pid"])

    @property
    def exit_code(self) -> int | None:
        if self._code is None and self._booting.done() and not self._runs:
            if self._booting.exception():
                self._code = NEVER_RAN
                return self._code
            self._container.reload()
            state = self._container.attrs["State"]
            self._code = None if state["Running"] else _code(int(state["ExitCode"]))
        return self._code

    @property
    def _runs(self) -> bool:
        return self._booting.exception(TIMEOUT) is None and lives(self._pid)

    def last_words(self) -> str:
        if error := self._booting.exception(TIMEOUT):
            return str(error)
        words = self._container.logs(tail=1).decode(errors="replace").strip()
        return words or "it said nothing"

    @property
    def main(self) -> int | None:
        return first_child(self._pid) if self.exit_code is None else None

    def outer(self, pid: int) -> int | None:
        if self._booting.exception(TIMEOUT):
            return None
        if pid not in self._outer:  # ids in the container are its own
            self._outer |= {inner(each): each for each in (self._pid, *descendants(self._pid))}
        return self._outer.get(pid)

    def tell(self, number: signal.Signals) -> None:
        with _unless_ended():
            self._container.kill(number.name)

    def pause(self) -> None:
        with _unless_ended():
            self._container.pause()

    def resume(self) -> None:
        with _unless_ended():
            self._container.reload()
            if self._container.status == "paused":  # it may have been killed meanwhile
                self._container.unpause()

    def kill(self) -> None:
        with _unless_ended():
            self._container.kill()


@contextmanager
def _unless_ended() -> Iterator[None]:
    """What is done to a container that has ended, the engine refuses as a conflict, and there is nothing to do.

    Nor is there to one that never started.
    """
    from docker.errors import APIError, NotFound

    with suppress(NotFound, NotStarted):
        try:
            yield
        except APIError as error:
            if error.status_code != 409:
                raise


def inner(pid: int) -> int:
    """The id that a process of this machine has for itself; 0 for one that has ended."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return 0


def _code(code: int) -> int:
    """As `subprocess` has it: the container's init tells of a signal as a shell does."""
    return 128 - code if 128 < code <= 128 + signal.NSIG else code
