"""Network namespaces: networks of their own, which end with the last who holds them (Linux, root).

Nothing of the machine's own network is touched: no address, no route, no name in /run/netns.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x1, 0x1000  # linux/if_tun.h
_SIOCADDRT, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFDSTADDR = 0x890B, 0x8914, 0x8916, 0x8918  # linux/sockios.h
_IFF_UP, _IFF_RUNNING = 0x1, 0x40  # linux/if.h
_RTF_UP, _RTF_HOST, _RTF_REJECT = 0x1, 0x4, 0x200  # linux/route.h


class Namespace:
    """A network of its own, with a loopback. It is there while this object or a process in it is."""

    def __init__(self) -> None:
        self.fd = _in_thread(_unshare)
        self.run(lambda: _up("lo"))

    @property
    def path(self) -> str:
        """What nsenter takes, while this process lives."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    def run(self, do: Callable[[], T]) -> T:
        """Do it inside: sockets and devices that it makes stay there."""

        def inside() -> T:
            _call("setns", self.fd, _CLONE_NEWNET)
            return do()

        return _in_thread(inside)

    def open_tun(self, name: str, *, address: str, peer: str) -> int:
        """A TUN device in it, with that address, and the peer's at the other end: a descriptor that reads and writes packets."""
        return self.run(lambda: _open_tun(name, address, peer))

    def reject(self, address: str) -> None:
        """To connect to that address fails at once: no route to host."""
        self.run(lambda: _reject(address))

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


def _in_thread(do: Callable[[], T]) -> T:
    """A namespace is a thread's, so what changes it gets a thread of its own."""
    done: list[T] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            done.append(do())
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            failed.append(error)

    thread = threading.Thread(target=work, name="namespace")
    thread.start()
    thread.join()
    for error in failed:
        raise error
    return done[0]


def _call(function: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)


def _unshare() -> int:
    _call("unshare", _CLONE_NEWNET)
    return os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _open_tun(name: str, address: str, peer: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
        for request, at in ((_SIOCSIFADDR, address), (_SIOCSIFDSTADDR, peer)):
            _control(request, struct.pack("16s16s8x", name.encode(), _sockaddr(at)))
        _up(name)
    except OSError:
        os.close(fd)
        raise
    return fd


def _up(name: str) -> None:
    _control(_SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), _IFF_UP | _IFF_RUNNING))


def _reject(address: str) -> None:
    flags = _RTF_UP | _RTF_HOST | _RTF_REJECT
    everything = _sockaddr("255.255.255.255")
    # struct rtentry: padding, destination, gateway, mask, flags, and what is not needed here
    _control(_SIOCADDRT, struct.pack("8x16s16x16sH62x", _sockaddr(address), everything, flags))


def _sockaddr(address: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _control(request: int, argument: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, request, argument)
