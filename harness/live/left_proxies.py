"""Proxies that killed runs have left at a Toxiproxy which outlives them.

A run's proxies bear its name, and while it lives it holds an abstract Unix socket of that name: the system takes the
socket away with the process, however that ends. Such sockets belong to a network namespace, as loopback addresses do: who
reaches the Toxiproxy there sees the runs there.
"""

from __future__ import annotations

import re
import secrets
import socket
from contextlib import suppress

from harness.proxy import Client
from harness.proxy.client import Refused

_PROXY = re.compile(r"harness-([0-9a-f]{8})-.+")


class RunName:
    """The name that a run holds while it lives, or until `close`."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(4)
        self._held = socket.socket(socket.AF_UNIX)
        self._held.bind(_address(self._name))

    def proxy_of(self, worker: str) -> str:
        """What the proxy of that worker is called."""
        return f"harness-{self._name}-{worker}"

    def close(self) -> None:
        """Hold it no more."""
        self._held.close()


def remove_left(client: Client) -> list[str]:
    """Delete the proxies of runs that are no more; those of others stay. Returns their names; raises UsageError."""
    left = [proxy for name, proxy in client.proxies().items() if _is_left(name)]
    for proxy in left:
        with suppress(Refused):  # another run may have been faster
            proxy.delete()
    return [proxy.name for proxy in left]


def _is_left(proxy: str) -> bool:
    name = _PROXY.fullmatch(proxy)
    if name is None:
        return False
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.bind(_address(name[1]))
        except OSError:
            return False
    return True


def _address(name: str) -> str:
    return f"\0harness-run-{name}"
