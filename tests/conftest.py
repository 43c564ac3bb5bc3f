"""Hypothesis' profiles: `--hypothesis-profile nightly` looks longer; with CI set, the same examples are drawn each time.

And what tests of several folders need.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# no deadline: what a machine has besides is no matter of a test
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("ci" if "CI" in os.environ else "dev")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """`tiny_disk(size)`: a folder on a disk of that size; called again, the disk has another one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = False

    def sized(size: str) -> Path:
        nonlocal mounted
        options = f"remount,size={size}" if mounted else f"size={size}"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a tmpfs can be mounted by root only, and not in every container")
        mounted = True
        return folder

    yield sized
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)
