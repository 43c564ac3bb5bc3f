"""Sockets that are bound and do not listen: as long as one is open, nobody else is given its port.

A server that is down would not always get its own port back: the system gives it to whoever connects next. Another
socket can listen there meanwhile, if it has SO_REUSEADDR too; those of asyncio and of uvicorn have.
"""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def bound(address: tuple[str, int]) -> socket.socket:
    """A socket that is bound to the address, at any port for 0. Raises OSError where it cannot be had."""
    held = socket.socket()
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)
    except BaseException:
        held.close()
        raise
    return held


def on_loopback(port: int) -> socket.socket:
    """One on the machine itself."""
    return bound((LOOPBACK, port))
