"""Services in containers, with bounded waits: PostgreSQL, a Toxiproxy, the fake API. testcontainers starts them.

They share this machine's network and listen on its loopback, so whoever asks for one gets a URL on 127.0.0.1. Our engine's
label is on them, and our guardian removes them: testcontainers' own, Ryuk, is an image that has to be pulled.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx

from harness.errors import MissingExtra, NotStarted
from harness.live.engine import TIMEOUT, Engine
from harness.live.host_image import Runtime
from harness.live.postgres import IMAGE_VARIABLE
from harness.live.toxiproxies import answers, wait_until
from harness.proxy import Client

if TYPE_CHECKING:
    from docker.models.containers import Container
    from testcontainers.core.container import DockerContainer

#: The image of each service: the variable that names another, and the one that is taken without it.
POSTGRES_IMAGE = (IMAGE_VARIABLE, "postgres:17")
TOXIPROXY_IMAGE = ("HARNESS_TOXIPROXY_IMAGE", "ghcr.io/shopify/toxiproxy:2.12.0")


def image(of: tuple[str, str]) -> Runtime:
    """The image of a service: as the environment names it, or the usual one."""
    variable, usual = of
    return Runtime(image=os.environ.get(variable) or usual, is_host=False)


@contextmanager
def postgres(engine: Engine, runtime: Runtime | None = None) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database. Raises MissingExtra and NotStarted."""
    _need_testcontainers()
    from testcontainers.community.postgres import PostgresContainer

    port, password = _free_port(), secrets.token_hex(12)
    runtime = runtime or image(POSTGRES_IMAGE)
    container = PostgresContainer(
        runtime.image, port=port, username="airflow", password=password, dbname="airflow"
    )
    container.with_env("PGPORT", str(port))
    container.with_command(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
    with _started(engine, container, runtime, name="PostgreSQL"):
        yield f"postgresql+psycopg2://airflow:{password}@127.0.0.1:{port}/airflow"


@contextmanager
def toxiproxy(engine: Engine, runtime: Runtime | None = None) -> Iterator[Client]:
    """A client of a Toxiproxy. Raises MissingExtra and NotStarted."""
    port, runtime = _free_port(), runtime or image(TOXIPROXY_IMAGE)
    container = _container(runtime)
    container.with_command(["-host", "127.0.0.1", "-port", str(port)])
    started = _started(engine, container, runtime, name="Toxiproxy", ready=lambda: answers(port))
    with started, Client(f"http://127.0.0.1:{port}") as client:
        yield client


@contextmanager
def fake_api(engine: Engine, runtime: Runtime, *, python: str, env: Mapping[str, str]) -> Iterator[str]:
    """The URL of the fake API, with its admin routes, in an image that has this package for that `python`.

    `env` has its settings, AIRFLOW__API_AUTH__JWT_SECRET for one. Raises MissingExtra and NotStarted.
    """
    port, container = _free_port(), _container(runtime)
    container.with_envs(**env)
    container.with_command([python, "-m", "harness", "serve", "--admin", "--port", str(port)])
    url = f"http://127.0.0.1:{port}"
    with _started(engine, container, runtime, name="the fake API", ready=lambda: _is_healthy(url)):
        yield url


@contextmanager
def _started(
    engine: Engine,
    container: DockerContainer,
    runtime: Runtime,
    *,
    name: str,
    ready: Callable[[], bool] = lambda: True,
) -> Iterator[None]:
    from docker.errors import DockerException

    for path in runtime.mounts:
        container.with_volume_mapping(str(path), str(path), "ro")
    container.ports.clear()  # on this machine's network there are none to publish
    container.with_kwargs(network="host", labels=engine.labels)
    try:
        with _without_ryuk():
            container.start()
        wait_until(ready, lambda: _ended(container.get_wrapped_container()), name=name)
        yield
    except (DockerException, TimeoutError, OSError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise NotStarted(f"{name} cannot be started from the image {runtime.image}: {reason}") from None
    finally:
        with suppress(DockerException):
            container.stop()


def _ended(container: Container) -> str:
    """What it said at the end; nothing while it runs."""
    container.reload()
    if container.status not in {"exited", "dead"}:
        return ""
    words = container.logs(tail=3).decode(errors="replace")
    return f"with code {container.attrs['State']['ExitCode']}: {' | '.join(words.splitlines())}"


def _container(runtime: Runtime) -> DockerContainer:
    _need_testcontainers()
    from testcontainers.core.container import DockerContainer

    return DockerContainer(runtime.image, docker_client_kw={"timeout": TIMEOUT})


def _need_testcontainers() -> None:
    try:
        import testcontainers.core.container  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "services in containers need testcontainers: pip install '.[live]' in the checkout"
        ) from None


@contextmanager
def _without_ryuk() -> Iterator[None]:
    from testcontainers.core.config import testcontainers_config

    before = testcontainers_config.ryuk_disabled
    testcontainers_config.ryuk_disabled = True
    try:
        yield
    finally:
        testcontainers_config.ryuk_disabled = before


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/execution/health", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
