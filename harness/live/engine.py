"""The Docker engine of this machine. What a run makes there bears its label, and is gone when the run is."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import MissingExtra, NotStarted
from harness.live.guardian import guarding

if TYPE_CHECKING:
    from docker import DockerClient

#: The label of each container and image of a run; its value is the run's own.
LABEL = "airflow-remote-harness.run"
#: Where docker-py looks for an engine that DOCKER_HOST does not name.
USUAL = "unix:///var/run/docker.sock"
#: Seconds that one call of the engine's API may take.
TIMEOUT = 60
#: Containers that boot at the same time.
BOOTING = 4
_GUARDIAN = Path(__file__).with_name("container_guardian.py")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that answers. `pool` is where its slow calls are made, so that relays and clocks go on meanwhile."""

    client: DockerClient
    run: str
    pool: ThreadPoolExecutor

    @property
    def labels(self) -> dict[str, str]:
        return {LABEL: self.run}


@contextmanager
def engine() -> Iterator[Engine]:
    """The engine that DOCKER_HOST names, or that of this machine; what was labelled for the block is removed with it.

    So it is when this process dies, however it does. Raises MissingExtra, and NotStarted where none answers or its
    containers would run elsewhere.
    """
    client = connect()
    run = secrets.token_hex(6)
    pool = ThreadPoolExecutor(max_workers=BOOTING, thread_name_prefix="container")
    try:
        with guarding(_GUARDIAN, f"{LABEL}={run}", env=_address()):
            try:
                yield Engine(client=client, run=run, pool=pool)
            finally:
                pool.shutdown(cancel_futures=True)
    finally:
        client.close()


def connect() -> DockerClient:
    """A client of the engine, which has answered. Raises MissingExtra and NotStarted."""
    try:
        import docker
    except ImportError:
        raise MissingExtra("containers need docker-py: pip install '.[live]' in the checkout") from None
    where = os.environ.get("DOCKER_HOST", "its usual socket")
    try:
        _knock(os.environ.get("DOCKER_HOST") or USUAL)
        client = docker.from_env(timeout=TIMEOUT)
        kernel = client.info()["KernelVersion"]
    except (docker.errors.DockerException, OSError) as error:
        raise NotStarted(
            f"no Docker engine answers at {where}: {error}; start one, or name its socket in DOCKER_HOST"
        ) from None
    if kernel != os.uname().release:
        client.close()
        raise NotStarted(
            f"the Docker engine at {where} is on another machine, with kernel {kernel}: containers of a run share"
            " its folder and its clock, so take an engine of this machine"
        )
    return client


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at a socket: docker-py would leave its end of it open."""
    path = address.removeprefix("http+").removeprefix("unix://")
    if path.startswith("/"):
        with socket.socket(socket.AF_UNIX) as end:
            end.settimeout(TIMEOUT)
            end.connect(path)


def _address() -> dict[str, str]:
    """How to find the engine: the part of the environment that docker-py reads."""
    return {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
