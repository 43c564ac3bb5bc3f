"""Makes the folder of a live run, outlives the harness, however that dies, and removes the folder.

(The processes of a run end with their hosts' inits.) Run as a script, with where to make the folder, how its name
begins, and the pid file, if any; standard input is a pipe from the harness, which is told the folder's name.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds in which the last processes of a run may still write into its folder.
PATIENCE = 5.0
#: Seconds after which a guardian that does not end is an error.
END_TIMEOUT = 40.0
#: The file of the folder with the process groups that end with it, a line each.
GROUPS = "_groups"
_MADE, _NOT_MADE = b"+", b"-"


@contextmanager
def guarded(prefix: str, *, pid_file: str = "") -> Iterator[Path]:
    """A temporary folder, gone when the block ends or this process does. Raises OSError where none can be made.

    With it goes the process whose id is the first line of `pid_file`, a path in the folder: it gets SIGQUIT.
    """
    with guarding(Path(__file__), tempfile.gettempdir(), prefix, pid_file) as guardian:
        assert guardian.stdout is not None
        told = guardian.stdout.readline().rstrip(b"\n")
        if not told.startswith(_MADE):
            raise OSError(f"no folder for a live run: {os.fsdecode(told[1:]) or 'its guardian ended'}")
        folder = Path(os.fsdecode(told[1:]))
        try:
            yield folder
        finally:
            (folder / GROUPS).unlink(missing_ok=True)  # whoever started them has ended them


def watch(folder: Path, group: int) -> None:
    """Should this process be killed, that process group is too, with the guarded folder."""
    with (folder / GROUPS).open("a", encoding="ascii") as file:
        file.write(f"{group}\n")


@contextmanager
def guarding(
    script: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A script that reads its standard input to the end, which is that of the block or of this process, and cleans up.

    It has the environment `env`, or ours.
    """
    guardian = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", str(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=env,
    )
    try:
        yield guardian
    finally:
        guardian.communicate(timeout=END_TIMEOUT)


def _unmount_below(folder: Path) -> None:
    """Take off what is mounted there: the small disks of hosts. Their processes may still be ending."""
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            place = line.split()[4]
            if folder in Path(place).parents:
                command = ("umount", "--lazy", place)
                subprocess.run(command, check=False)  # noqa: S603


def main() -> None:
    """Make the folder, wait for the end of the harness, then remove it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    where, prefix, pid_file = sys.argv[1:]
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
    except OSError as error:
        _tell(_NOT_MADE + str(error).encode())
        return
    _tell(_MADE + os.fsencode(folder))
    sys.stdin.buffer.read()
    if pid_file:
        _end(folder / pid_file)
    _kill_groups(folder / GROUPS)
    _unmount_below(folder)
    end = time.monotonic() + PATIENCE
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def _tell(line: bytes) -> None:
    with suppress(BrokenPipeError):  # then the harness is dead by now
        os.write(sys.stdout.fileno(), line + b"\n")


def _end(pid_file: Path) -> None:
    with suppress(OSError, ValueError, IndexError):  # it has ended, or has not begun
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)


def _kill_groups(file: Path) -> None:
    with suppress(OSError):
        for line in file.read_text(encoding="ascii").splitlines():
            with suppress(OSError, ValueError):
                os.killpg(int(line), signal.SIGKILL)


if __name__ == "__main__":
    main()
