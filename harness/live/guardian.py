"""Outlives the harness, however it dies, and removes the folder of a live run. (Its processes end with their hosts' inits.)

Run as a script, with the folder; its standard input is a pipe from the harness.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

#: Seconds in which the last processes of a run may still write into its folder.
PATIENCE = 5.0
#: Seconds after which a guardian that does not end is an error.
END_TIMEOUT = 40.0


def guarded(folder: Path) -> AbstractContextManager[None]:
    """The folder is gone when the block ends or this process does."""
    return guarding(Path(__file__), str(folder))


@contextmanager
def guarding(script: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """A script that reads its standard input to the end, which is that of the block or of this process, and cleans up.

    It has the environment `env`, or ours.
    """
    guardian = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", str(script), *arguments],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env=env,
    )
    try:
        yield
    finally:
        assert guardian.stdin is not None
        guardian.stdin.close()
        guardian.wait(END_TIMEOUT)


def _unmount_below(folder: Path) -> None:
    """Take off what is mounted there: the small disks of hosts. Their processes may still be ending."""
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            place = line.split()[4]
            if folder in Path(place).parents:
                command = ("umount", "--lazy", place)
                subprocess.run(command, check=False)  # noqa: S603


def main() -> None:
    """Wait for the end of the harness, then remove the folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    folder, end = Path(sys.argv[1]), time.monotonic() + PATIENCE
    _unmount_below(folder)
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
