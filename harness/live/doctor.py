"""What this machine can do of all that the harness has a use for, and how to get what is missing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Thread

from harness.live import probes
from harness.live.probes import Look, Looked

#: Seconds that all looks together may take.
PATIENCE = 4.0


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One thing to look for: what it is good for, and how to get it."""

    name: str
    look: Look
    good_for: str
    get: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a probe: whether the thing is `there`, and what was `found`, one line."""

    probe: Probe
    there: bool
    found: str


PROBES: tuple[Probe, ...] = (
    Probe(
        name="python",
        look=probes.pythons,
        good_for="releases of Airflow, which support some Pythons each",
        get="install Python 3.11 or newer, with venv",
    ),
    Probe(
        name="airflow",
        look=probes.airflow,
        good_for="--workers edge and --workers supervised, in both worlds",
        get="pip install '.[airflow]', or make install, in the checkout",
    ),
    Probe(
        name="live processes",
        look=probes.processes,
        good_for="--world live",
        get="run it on Linux, with /proc",
    ),
    Probe(
        name="releases kept",
        look=probes.releases,
        good_for="harness matrix and harness conform, without a download",
        get="nothing to do: each is installed from PyPI when it is first used",
    ),
    Probe(
        name="package index",
        look=probes.package_index,
        good_for="installing releases of Airflow",
        get="allow https to it, or name a mirror in PIP_INDEX_URL",
    ),
    Probe(
        name="uv",
        look=probes.uv,
        good_for="installing them in seconds instead of a minute; pip does it too",
        get="pip install uv",
    ),
    Probe(
        name="postgresql",
        look=probes.postgresql,
        good_for="--server airflow+postgres and harness conform --database postgres",
        get="apt-get install postgresql, or put initdb on the PATH",
    ),
    Probe(
        name="postgresql drivers",
        look=probes.postgresql_drivers,
        good_for="--server airflow+postgres, without a download",
        get="pip install '.[live]' in the checkout; else they are installed when first used",
    ),
    Probe(
        name="toxiproxy-server",
        look=probes.toxiproxy,
        good_for="--toxiproxy server, and holding our proxy against the original, in tests and in make bench",
        get="https://github.com/Shopify/toxiproxy/releases, or `go install "
        "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0`; its path into TOXIPROXY_SERVER (Go's is ~/go/bin/server)",
    ),
    Probe(
        name="TLS",
        look=probes.tls,
        good_for="--tls, in both worlds and of harness serve",
        get="pip install '.[tls]', or make install, in the checkout",
    ),
    Probe(
        name="docker engine",
        look=probes.docker,
        good_for="--hosts containers and --toxiproxy container in the live world",
        get="apt-get install docker.io, or https://docs.docker.com/engine/install, and access to its socket",
    ),
    Probe(
        name="browser",
        look=probes.browser,
        good_for="the tests that pytest -m browser asks for",
        get="apt-get install chromium, or playwright install chromium",
    ),
    Probe(
        name="root",
        look=probes.root,
        good_for="PostgreSQL under a user of its own, and small disks",
        get="sudo, or a container",
    ),
    Probe(
        name="small disks",
        look=probes.small_disks,
        good_for="DiskFull in --world live",
        get="run as root, in a container with CAP_SYS_ADMIN",
    ),
    Probe(
        name="network namespaces",
        look=probes.network_namespaces,
        good_for="--hosts namespaces: packets that are really lost, late, out of order; names that fail",
        get="run as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1",
    ),
    Probe(
        name="libfaketime",
        look=probes.faketime,
        good_for="ClockSkew in --world live: wrong clocks for the processes of a worker",
        get="apt-get install faketime",
    ),
)
"""All there is to look for. Nothing is started that stays, and nothing but the package index is asked over a network."""


def examine(rows: Sequence[Probe] = PROBES, *, patience: float = PATIENCE) -> list[Finding]:
    """Look for everything at once; what has given no answer after `patience` seconds is not there."""
    looking = [_Looking(row) for row in rows]
    for each in looking:
        each.thread.start()
    end = time.monotonic() + patience
    for each in looking:
        each.thread.join(max(end - time.monotonic(), 0))
    return [each.finding(patience) for each in looking]


@dataclass
class _Looking:
    """A look under way, in a thread that keeps nobody from leaving."""

    probe: Probe
    answers: list[Looked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = Thread(target=self._look, daemon=True, name=f"look for {self.probe.name}")

    def _look(self) -> None:
        try:
            self.answers.append(self.probe.look())
        except Exception as error:  # noqa: BLE001 - the other looks go on
            self.answers.append(Looked(False, f"the look for it failed: {type(error).__name__}: {error}"))

    def finding(self, patience: float) -> Finding:
        answers = self.answers or [Looked(False, f"no answer within {patience:g} s")]
        return Finding(probe=self.probe, there=answers[0].there, found=answers[0].found)
