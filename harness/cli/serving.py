"""`harness serve`: the fake API alone, over real sockets."""

from __future__ import annotations

import argparse
import ipaddress
import socket
import sys

from harness.errors import BadParameter, MissingExtra


def serve(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    try:
        import uvicorn

        import fake_api
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the fake API needs {error.name}: install it") from None

    listener = listen(arguments.host, arguments.port)
    host, port = listener.getsockname()[:2]
    if not is_loopback(host):
        print(
            f"harness: {host} can be reached from other machines, and the fake trusts anyone", file=sys.stderr
        )
    print(
        f"the fake API listens on http://{f'[{host}]' if ':' in host else host}:{port} (Ctrl-C ends it)",
        flush=True,
    )
    app = fake_api.create_app(fake_api.State(), run_sweeps=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadParameter when the address cannot be had."""
    if not 0 <= port <= 65535:
        raise BadParameter(f"--port {port}: give one between 0 and 65535")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise BadParameter(
            f"cannot listen on {host}:{port}: {error.strerror}; give another --host or --port"
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    return ipaddress.ip_address(host).is_loopback
