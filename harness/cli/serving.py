"""`harness serve`: the fake API alone, over real sockets."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.serving_tls import ServerTls, tls_of
from harness.errors import BadParameter, MissingExtra
from harness.interrupts import heeded

if TYPE_CHECKING:
    from fake_api import Settings, State, StateFile

ADMIN_TOKEN = "HARNESS_ADMIN_TOKEN"  # noqa: S105 — the variable's name


def serve(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    try:
        import uvicorn

        import fake_api
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the fake API needs {error.name}: install it") from None

    admin_token = os.environ.get(ADMIN_TOKEN) or None
    try:
        state = fake_api.State(settings=fake_api.Settings.from_environment(os.environ))
    except ValueError as error:
        raise BadParameter(str(error)) from None
    tls = tls_of(arguments)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(arguments.host, arguments.port))
        host, port = listener.getsockname()[:2]
        _warn(host, admin=arguments.admin, admin_token=admin_token)
        if arguments.audit:
            stack.enter_context(_audited(state, arguments.audit))
        file = stack.enter_context(_durable(state, arguments.state)) if arguments.state else None
        app = fake_api.create_app(
            state, run_sweeps=True, admin=arguments.admin, admin_token=admin_token, file=file
        )
        config: Any = dict(tls.uvicorn()) if tls else {}
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, **config))
        url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        with heeded(lambda _: setattr(server, "should_exit", True)):  # a Ctrl-C before it listens for signals
            print(f"the fake API listens on {url} (Ctrl-C ends it)")
            print(describe(url, state.settings, os.environ, admin=arguments.admin, tls=tls), flush=True)
            server.run(sockets=[listener])
    return 0


def describe(
    url: str,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    admin: bool,
    tls: ServerTls | None = None,
) -> str:
    """What a worker has to be told, as variables for its environment; a secret that is not ours is not shown."""
    secret = "AIRFLOW__API_AUTH__JWT_SECRET"  # noqa: S105 — the variable's name
    shown = f"# {secret} as in this environment" if environ.get(secret) else f"{secret}={settings.jwt_secret}"
    lines = [
        "a worker finds it with",
        "  AIRFLOW__CORE__EXECUTOR=airflow.providers.edge3.executors.EdgeExecutor",
        f"  AIRFLOW__CORE__EXECUTION_API_SERVER_URL={url}/execution/",
        f"  AIRFLOW__EDGE__API_URL={url}/edge_worker/v1/rpcapi",
        f"  {shown}",
    ]
    if tls and tls.client:
        lines += [f"  {name}={value}" for name, value in tls.client.variables().items()]
    if tls and tls.client_ca:
        lines.append("released edge workers have no option for a certificate: their own calls are refused")
    return "\n".join([*lines, f"seed it with POST {url}/admin/seed"] if admin else lines)


def _warn(host: str, *, admin: bool, admin_token: str | None) -> None:
    if is_loopback(host):
        return
    if admin and admin_token is None:
        raise BadParameter(
            f"--admin on {host}, which can be reached from other machines: set {ADMIN_TOKEN} to a token that "
            "its callers have to give, or listen on 127.0.0.1"
        )
    print(f"harness: {host} can be reached from other machines, and the fake trusts anyone", file=sys.stderr)


@contextmanager
def _audited(state: State, path: Path) -> Iterator[None]:
    from fake_api.auth.audit import AuditFile

    try:
        file = AuditFile(path)
    except OSError as error:
        raise BadParameter(f"--audit {path}: {error.strerror}; give a file that can be written") from None
    with closing(file):
        state.audit.subscribe(file)
        yield


@contextmanager
def _durable(state: State, path: Path) -> Iterator[StateFile]:
    from fake_api.state_file import StateFile, StateFileError

    try:
        file = StateFile(path, state)
    except StateFileError as error:
        raise BadParameter(f"--state: {error}") from None
    with closing(file):
        yield file


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadParameter when the address cannot be had."""
    if not 0 <= port <= 65535:
        raise BadParameter(f"--port {port}: give one between 0 and 65535")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as error:  # UnicodeError: a host of which a part is empty or too long
        reason = getattr(error, "strerror", error)
        raise BadParameter(
            f"cannot listen on {host}:{port}: {reason}; give another --host or --port"
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    return ipaddress.ip_address(host).is_loopback
