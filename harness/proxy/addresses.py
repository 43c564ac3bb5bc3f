"""Addresses as Toxiproxy writes them: `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from dataclasses import dataclass

from harness.proxy.api_errors import ApiError, bad_request

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """A host and a port; 0 is any free port. Without a host it is the loopback address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def resolve(self) -> str:
        """The address to listen on: the first of IPv4, else the first there is. Raises OSError, UnicodeError."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            return str(min(found, key=lambda one: one[0] != socket.AF_INET)[4][0])


def parse_address(text: str, *, field: str) -> Address:
    """The address in the text. Raises ApiError (400) that names the field and the form."""
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if text and not (colon and is_port and "/" not in host):
        raise bad_request(f"{field} is {text[:80]!r}: write it like 127.0.0.1:8080")
    return Address(host or LOOPBACK, int(port or 0))


def bind_error(listen: Address, error: Exception) -> ApiError:
    """What upstream says when an address cannot be had."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, socket.gaierror) or number is None:
        return ApiError(500, f"listen tcp: lookup {listen.host}: no such host")
    return ApiError(500, f"listen tcp {listen}: bind: {os.strerror(number).lower()}")
