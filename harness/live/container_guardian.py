"""Outlives the harness, however it dies, and removes the containers and images that bear its run's label.

Run as a script, with the label; its standard input is a pipe from the harness.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress

import docker
from docker.errors import APIError

#: Seconds in which all has to be gone, and between two looks.
PATIENCE, LOOK = 30, 0.3


def main() -> None:
    """Wait for the end of the harness, then remove what bears the label."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    client = docker.from_env(timeout=PATIENCE)  # now: a start takes a while, and the end has to be quick
    sys.stdin.buffer.read()
    label, end, clean = sys.argv[1], time.monotonic() + PATIENCE, 0
    while clean < 2 and time.monotonic() < end:  # a call may have been under way when the harness died
        clean = 0 if _sweep(client, label) else clean + 1
        if clean < 2:
            time.sleep(LOOK)


def _sweep(client: docker.DockerClient, label: str) -> int:
    """How much was still there."""
    containers = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    for container in containers:
        with suppress(APIError):  # somebody else removes it, or the next look will
            container.remove(force=True, v=True)
    images = client.images.list(filters={"label": label})
    for image in images:
        with suppress(APIError):
            client.images.remove(str(image.id), force=True)
    return len(containers) + len(images)


if __name__ == "__main__":
    main()
