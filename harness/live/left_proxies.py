"""Proxies that killed runs have left at a Toxiproxy which outlives them.

A run's proxies bear its name, and while it lives it holds an abstract Unix socket of that name: the system takes the
socket away with the process, however that ends. Such a socket is seen in its network namespace only, and a port may be
forwarded from elsewhere: so the namespace is in the name, and proxies that were made in another stay.
"""

from __future__ import annotations

import re
import secrets
import socket
import zlib
from contextlib import suppress
from pathlib import Path

from harness.proxy import Client
from harness.proxy.client import Refused

_PROXY = re.compile(r"harness-([0-9a-f]{8})-([0-9a-f]{8})-.+")


class RunName:
    """The name that a run holds while it lives, or until `close`."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(4)
        self._held = socket.socket(socket.AF_UNIX)
        self._held.bind(_address(self._name))

    def proxy_of(self, worker: str) -> str:
        """What the proxy of that worker is called."""
        return f"harness-{_here()}-{self._name}-{worker}"

    def close(self) -> None:
        """Hold it no more."""
        self._held.close()


def remove_left(client: Client) -> None:
    """Delete the proxies of runs that are no more; those of others stay. Raises UsageError where nobody answers."""
    for name, proxy in client.proxies().items():
        if _is_left(name):
            with suppress(Refused):  # another run may have been faster
                proxy.delete()


def _is_left(proxy: str) -> bool:
    name = _PROXY.fullmatch(proxy)
    if name is None or name[1] != _here():
        return False
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.bind(_address(name[2]))
        except OSError:
            return False
    return True


def _here() -> str:
    """Stands for our network namespace among those of all machines; its inode is one of this boot."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    return f"{zlib.crc32(boot, Path('/proc/self/ns/net').stat().st_ino):08x}"


def _address(name: str) -> str:
    return f"\0harness-run-{name}"
