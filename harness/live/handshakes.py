"""Who waits for the answer to a handshake: Linux lists the sockets of this machine, and in which state they are."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
_SYN_SENT = "02"


def waiting(address: tuple[str, int]) -> set[int]:
    """The ports from which sockets here are trying to connect to that address (IPv4)."""
    host, port = address
    wanted = f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
    rows = (line.split() for line in _TABLE.read_text().splitlines()[1:])
    return {
        int(local.rpartition(":")[2], 16)
        for _, local, remote, state, *_ in rows
        if (remote, state) == (wanted, _SYN_SENT)
    }
