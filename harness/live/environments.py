"""Virtual environments for released packages: made once, kept in the user's cache, never ours.

An environment is named by what it holds, so two runs that ask for the same releases share it, and asking for
another release never changes one that exists.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadParameter, NotInstallable

#: Seconds one installation may take.
INSTALL_TIMEOUT = 900
#: Names the folder instead of `~/.cache/airflow-remote-harness`.
CACHE_VARIABLE = "HARNESS_CACHE"
_COMPLETE = "complete.json"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that holds what was asked for."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def python_version(self) -> str:
        """The version of its interpreter, such as 3.11.7."""
        built: dict[str, str] = json.loads((self.folder / _COMPLETE).read_text())
        return built["python"].split()[0]

    def script(self, name: str) -> Path:
        """A console script of it, such as `airflow`."""
        return self.folder / "bin" / name

    def versions(self, *names: str) -> dict[str, str]:
        """The installed version of each of these distributions; those that are missing are left out."""
        code = (
            "import sys, json\nfrom importlib import metadata\nfound = {}\n"
            "for name in sys.argv[1:]:\n    try: found[name] = metadata.version(name)\n"
            "    except metadata.PackageNotFoundError: pass\nprint(json.dumps(found))"
        )
        told = subprocess.run(  # noqa: S603
            [self.python, "-I", "-c", code, *names], check=True, capture_output=True, timeout=60
        )
        found: dict[str, str] = json.loads(told.stdout)
        return found


def environment(*requirements: str, python: str = sys.executable, before: str | None = None) -> Environment:
    """The environment with these requirements (as pip reads them), built on first use.

    `before` is a day, `2025-11-06`: nothing that was published after it is installed, so that an old release meets
    the dependencies of its time. That takes uv. Raises NotInstallable with the installer's own last words,
    BadParameter for a cache folder that is of no use.
    """
    wanted: dict[str, Any] = {"requirements": sorted(requirements), "python": _version(python)}
    if before is not None:
        wanted["before"] = before
    name = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]
    folder = cache_folder() / "environments" / name
    with _told(), _only_one(folder.with_suffix(".lock")):
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)  # a half-built one of an earlier, interrupted run
            _build(folder, python, requirements, before)
            (folder / _COMPLETE).write_text(json.dumps(wanted))
    return Environment(folder)


def kept() -> list[tuple[str, ...]]:
    """The requirements of each environment that is built; one that cannot be read counts as none."""
    found = []
    for file in sorted(cache_folder().glob(f"environments/*/{_COMPLETE}")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(tuple(json.loads(file.read_text())["requirements"]))
    return found


def cache_folder() -> Path:
    """Where environments are kept. Raises BadParameter when there is not even a home."""
    base = os.environ.get(CACHE_VARIABLE)
    if base:
        return Path(base)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airflow-remote-harness"
    except RuntimeError:
        raise BadParameter(f"there is no home folder: name one for the cache with {CACHE_VARIABLE}") from None


def _build(folder: Path, python: str, requirements: tuple[str, ...], before: str | None) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    if uv := shutil.which("uv"):
        _run(uv, "venv", "--quiet", "--python", python, str(folder))
        until = () if before is None else ("--exclude-newer", before)
        into = ("--python", str(folder / "bin" / "python"))
        _run(uv, "pip", "install", "--quiet", *into, *until, *requirements)
        return
    if before is not None:
        raise NotInstallable(f"what was published until {before} is known to uv only: `pip install uv`")
    _run(python, "-m", "venv", str(folder))
    pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input")
    _run(*pip, "install", "--quiet", *requirements)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command, check=False, capture_output=True, text=True, timeout=INSTALL_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstallable(f"`{' '.join(command)}` did not work: {error}") from None
    if done.returncode:
        words = " ".join(done.stderr.split())[-400:]
        raise NotInstallable(f"`{' '.join(command)}` failed: {words}; see that PyPI can be reached")


def _version(python: str) -> str:
    if python == sys.executable:
        return sys.version
    try:
        told = subprocess.run(  # noqa: S603
            [python, "-I", "-c", "import sys; print(sys.version)"],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        raise NotInstallable(f"{python} is no Python that runs: name an installed one") from None
    return told.stdout.strip()


@contextmanager
def _told() -> Iterator[None]:
    """What the file system refuses, in words."""
    try:
        yield
    except OSError as error:
        raise BadParameter(
            f"the cache folder {cache_folder()} is of no use ({error.strerror or error}): name one that can be "
            f"written with {CACHE_VARIABLE} or XDG_CACHE_HOME"
        ) from None


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
