"""A PostgreSQL of our own: a cluster in a temporary folder, on a port of its own, run by an unprivileged user."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import NotInstallable, NotStarted
from harness.live.guardian import guarded
from harness.live.processes import spawn

#: Where Debian keeps the programs of each version, which are not on the PATH.
_DEBIAN = Path("/usr/lib/postgresql")
START_TIMEOUT = 60.0
#: Names an image of PostgreSQL.
IMAGE_VARIABLE = "HARNESS_POSTGRES_IMAGE"


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`, the newest there is. Raises NotInstallable."""
    versions = sorted(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    named = [Path(found).resolve().parent for found in (shutil.which("initdb"),) if found]
    for folder in (*versions, *named):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NotInstallable(
        "there is no PostgreSQL here: `apt-get install postgresql`, or put initdb on the PATH"
    )


@contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, gone after the block. Raises NotInstallable and NotStarted.

    Where HARNESS_POSTGRES_IMAGE names an image, it is in a container of that; else the programs are this machine's.
    """
    with _in_container() if os.environ.get(IMAGE_VARIABLE) else _of_this_machine() as url:
        yield url


@contextmanager
def _in_container() -> Iterator[str]:
    from harness.live.engine import engine
    from harness.live.services import postgres as service

    with engine() as found, service(found) as url:
        yield url


@contextmanager
def _of_this_machine() -> Iterator[str]:
    """The same with a cluster of our own.

    Should this process be killed, the guardian of the folder ends PostgreSQL too.
    """
    programs = find_programs()
    user = _unprivileged()
    with guarded("harness-postgres-", pid_file="data/postmaster.pid") as folder:
        if user:
            _hand_over(folder, user)
        data, log, env = folder / "data", folder / "postgres.log", {"LC_ALL": "C.UTF-8", "PATH": os.defpath}
        _init(programs, data, env=env, user=user)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        server = spawn(
            programs / "postgres",
            *("-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"),
            name="PostgreSQL",
            log=log,
            env=env,
            user=user,
        )
        try:
            server.wait_until(lambda: _listens(port), timeout=START_TIMEOUT)
            yield f"postgresql+psycopg2://airflow@127.0.0.1:{port}/postgres"
        finally:
            server.stop()


def _hand_over(folder: Path, user: str) -> None:
    if closed := next((each for each in folder.parents if not each.stat().st_mode & stat.S_IXOTH), None):
        raise NotStarted(
            f"PostgreSQL runs as {user}, who cannot enter {closed}: set TMPDIR to a folder that everybody may enter"
        )
    shutil.chown(folder, user)


def _init(programs: Path, data: Path, *, env: dict[str, str], user: str | None) -> None:
    done = subprocess.run(  # noqa: S603
        [programs / "initdb", "-D", data, "-U", "airflow", "-A", "trust", "-E", "UTF8", "--no-sync"],
        env=env,
        user=user,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise NotInstallable(f"initdb failed: {' '.join(done.stderr.split())[-300:]}")


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: its own user does, who comes with Debian's package; else nobody."""
    if os.getuid():
        return None
    known = Path("/etc/passwd").read_text()
    return next(name for name in ("postgres", "nobody") if f"\n{name}:" in known)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
