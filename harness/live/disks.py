"""Small disks for live hosts, which can be filled up: a tmpfs on the folder that is all the disk a worker's processes know."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import NotStarted
from harness.ports import Heal

SIZE = 64 << 20
"""Bytes of a small disk: what a worker writes in hours. They are taken from the machine's memory when it is filled."""

FILLER = ".filler"
_CHUNK = bytes(1 << 16)


def why_no_disks() -> str | None:
    """Why no small disk can be had on this machine; None where it can. One is mounted where nobody sees it, to try."""
    command = ("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp")  # noqa: S108
    try:
        done = subprocess.run(  # noqa: S603
            command, check=False, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no tmpfs can be mounted here ({error}): run as root, on Linux with util-linux"
    if done.returncode == 0:
        return None
    return f"no tmpfs can be mounted here ({done.stderr.strip()}): run as root, with CAP_SYS_ADMIN in a container"


class Disks:
    """The disks of hosts, each at `place(name)`; those that fit one of `targets` are small. Guardians unmount them."""

    def __init__(self, place: Callable[[str], Path], *, targets: Collection[str]) -> None:
        self._place, self._targets = place, targets
        self._full: dict[object, str] = {}  # by fault: a pattern of hosts
        self._small: set[str] = set()

    def prepare(self, name: str) -> None:
        """Make the disk of a host that is about to boot, unless it is there from before. Raises NotStarted."""
        place = self._place(name)
        place.mkdir(parents=True, exist_ok=True)
        if name not in self._small and any(fnmatchcase(name, target) for target in self._targets):
            mount("tmpfs", place, options=f"size={SIZE},mode=700")
            self._small.add(name)
            self._fill_if_full(name)

    def fill(self, target: str) -> Heal:
        """Nothing can be written to the disks that fit; the Heal frees them, unless another fault holds them full."""
        key = object()
        self._full[key] = target
        self._fill_if_full(*self._small)

        def free() -> None:
            del self._full[key]
            for name in self._small:
                if not self._is_full(name):
                    self._filler(name).unlink(missing_ok=True)

        return free

    def look(self) -> None:
        """Fill up again what was freed by those who live there."""
        self._fill_if_full(*self._small)

    def _is_full(self, name: str) -> bool:
        return any(fnmatchcase(name, target) for target in self._full.values())

    def _fill_if_full(self, *names: str) -> None:
        for name in filter(self._is_full, names):
            fill_up(self._filler(name))

    def _filler(self, name: str) -> Path:
        return self._place(name) / FILLER


def mount(what: str, place: Path, *, options: str) -> None:
    """Mount a file system that has no device. Raises NotStarted."""
    command = ("mount", "-t", what, "-o", options, what, str(place))
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise NotStarted(f"no small disk: {done.stderr.strip()}")


def fill_up(filler: Path) -> None:
    """Write to a file until nothing more fits on its disk."""
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while True:
            os.write(descriptor, _CHUNK)  # the last is written in part, before none is
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(descriptor)
