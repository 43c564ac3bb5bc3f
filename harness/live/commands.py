"""How each kind of worker is started as a process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.control_plane import HOST
from harness.live.installed import OURS, Installed
from harness.live.marks import FOLDER_VARIABLE, HOST_VARIABLE
from harness.live.scripted_process import SECRET_VARIABLE, VERSIONS_VARIABLE
from harness.live.supervised_process import PYTHON_VARIABLE
from harness.model.plan import PlannedWorker
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.tls.files import Files
from harness.workers.edge import airflow_options

if TYPE_CHECKING:
    from harness.tls.authority import Authority


@dataclass(frozen=True, kw_only=True)
class Camp:
    """What the workers of a run share. `installed` says which releases they are of; `options` are Airflow's.

    What stands in its folder besides the workers' homes begins with an underscore, as no worker's name may.
    """

    folder: Path
    jwt_secret: str
    installed: Installed = OURS
    options: tuple[tuple[str, str], ...] = ()
    tls: Tls = Tls.OFF

    @property
    def python(self) -> Path:
        """The interpreter that has the workers' Airflow."""
        return self.installed.workers.python if self.installed.workers else Path(sys.executable)

    @property
    def plan(self) -> Path:
        return self.folder / "_plan.json"

    @property
    def dags(self) -> Path:
        return self.folder / "_dags"

    @property
    def marks(self) -> Path:
        return self.folder / "_marks"

    @cached_property
    def authority(self) -> Authority:
        """Whose certificates server and workers of this run have. Raises MissingExtra."""
        from harness.tls.authority import Authority

        folder = self.folder / "_tls"
        folder.mkdir()
        return Authority(folder, names=("127.0.0.1", "localhost", HOST))

    def tls_variables(self, name: str) -> dict[str, str]:
        """What tells a worker what to trust and, where TLS is mutual, what to show."""
        if self.tls is Tls.OFF:
            return {}
        mutual = self.tls is Tls.MUTUAL
        files = self.authority.client(name) if mutual else Files(trusted=self.authority.trusted)
        return files.variables()

    def home(self, name: str) -> Path:
        """What we keep of a host: the output of its worker, and its disk."""
        return self.folder / name

    def disk(self, name: str) -> Path:
        """All of the file system that is the worker's own."""
        return self.home(name) / "disk"


def environment(camp: Camp, name: str, *, url: str) -> dict[str, str]:
    """The whole environment of a worker's processes: nothing of the caller's Airflow leaks in."""
    disk = camp.disk(name)
    return {
        "PATH": f"{camp.python.parent}{os.pathsep}{os.defpath}",
        "HOME": str(disk),
        "TMPDIR": str(disk),
        "AIRFLOW_HOME": str(disk),
        "AIRFLOW__CORE__DAGS_FOLDER": str(camp.dags),
        "AIRFLOW__CORE__EXECUTOR": "airflow.providers.edge3.executors.EdgeExecutor",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        HOST_VARIABLE: name,
        FOLDER_VARIABLE: str(camp.marks),
        SECRET_VARIABLE: camp.jwt_secret,
        PYTHON_VARIABLE: str(camp.python),
        **_versions(camp),
        **airflow_options(api=url, jwt_secret=camp.jwt_secret, logs=disk / "logs"),
        **camp.tls_variables(name),
        **dict(camp.options),
    }


def _versions(camp: Camp) -> dict[str, str]:
    """What workers of ours say they are: of the server's release, where that is not ours."""
    if camp.installed.server is None:
        return {}
    found = camp.installed.server.versions("apache-airflow-core", "apache-airflow-providers-edge3")
    return {VERSIONS_VARIABLE: " ".join(found.values())}


def command(camp: Camp, planned: PlannedWorker, *, url: str) -> list[str]:
    """The command line of the worker."""
    return _COMMANDS[planned.kind](camp, planned, url)


def _edge(camp: Camp, planned: PlannedWorker, _url: str) -> list[str]:
    named = ("--concurrency", str(planned.slots), "--queues", ",".join(planned.queues))
    pid = camp.disk(planned.name) / "worker.pid"
    worker = ("-m", "airflow", "edge", "worker")
    return [str(camp.python), *worker, *named, "--edge-hostname", planned.identity, "--pid", str(pid)]


def _ours(module: str, camp: Camp, planned: PlannedWorker, url: str) -> list[str]:
    return [sys.executable, "-m", f"harness.live.{module}", str(camp.plan), planned.name, url]


_COMMANDS: dict[Workers, Callable[[Camp, PlannedWorker, str], list[str]]] = {
    Workers.EDGE: _edge,
    Workers.SUPERVISED: partial(_ours, "supervised_process"),
    Workers.SCRIPTED: partial(_ours, "scripted_process"),
}
