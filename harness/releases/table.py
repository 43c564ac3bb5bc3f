"""Which releases there are to run, and their environments.

The table is ci/versions.toml; in the package stands a link to it, and in a wheel its copy.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import BadParameter, NotInstallable
from harness.live.environments import Environment, environment

SDK, CORE = "apache-airflow-task-sdk", "apache-airflow-core"
TABLE = Path(__file__).with_name("versions.toml")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of the Task SDK and what it is run with. Without `core` the resolver finds one.

    `python` is the first version it runs on and the first it does not; `server` are settings of the fake API
    that it needs, and `why` says why.
    """

    sdk: str
    core: str | None
    python: tuple[tuple[int, ...], tuple[int, ...]]
    packages: tuple[str, ...] = ()
    server: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def version(self) -> tuple[int, ...]:
        """The release as numbers."""
        return _numbers(self.sdk)

    @property
    def requirements(self) -> tuple[str, ...]:
        """What an installer is asked for."""
        core = CORE if self.core is None else f"{CORE}=={self.core}"
        return (f"{SDK}=={self.sdk}", core, *self.packages)


def releases(names: Sequence[str] = ()) -> tuple[Release, ...]:
    """The rows of these releases, of all that are not on demand when none is named. Raises BadParameter."""
    table = tomllib.loads(TABLE.read_text())["release"]
    rows = {row["sdk"]: _row(row) for row in table}
    usual = [row["sdk"] for row in table if not row.get("on_demand")]
    return tuple(_named(name, rows) for name in dict.fromkeys(names or usual))


def install(release: Release) -> Environment:
    """The environment of a release, built on first use. Raises NotInstallable."""
    return environment(*release.requirements, python=_interpreter(release))


def _row(row: Mapping[str, Any]) -> Release:
    first, last = map(_numbers, row["python"])
    return Release(
        sdk=row["sdk"],
        core=row["core"],
        python=(first, last),
        packages=tuple(row.get("with", ())),
        server=row.get("server", {}),
        why=row.get("why", ""),
    )


def _named(name: str, rows: Mapping[str, Release]) -> Release:
    if name in rows:
        return rows[name]
    series = [row for row in rows.values() if row.version[:2] == _numbers(name)[:2]]
    if not _VERSION.fullmatch(name) or not series:
        known = ", ".join(rows)
        raise BadParameter(
            f"--sdk {name}: name releases of the Task SDK such as {known}, or others of those series"
        )
    newer = [row for row in series if row.version > _numbers(name)]
    return replace((newer or series[-1:])[0], sdk=name, core=None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _interpreter(release: Release) -> str:
    first, last = release.python
    if first <= sys.version_info[:2] < last:
        return sys.executable
    for minor in range(last[1] - 1, first[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and _runs(found):
            return found
    low, high = (".".join(map(str, each)) for each in release.python)
    raise NotInstallable(
        f"{release.sdk} runs on Python {low} up to but not {high}: put one of those on the PATH"
    )


def _runs(python: str) -> bool:
    try:
        done = subprocess.run([python, "-c", ""], check=False, capture_output=True, timeout=60)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
