"""How the doctor looks for each thing. A look changes nothing, and ends within seconds."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.errors import NotInstallable
from harness.live.clocks import library
from harness.live.disks import why_no_disks
from harness.live.environments import kept
from harness.live.postgres import find_programs

#: Seconds that the package index, the docker engine or a program may take to answer.
TIMEOUT = 2.0
PYPI = "https://pypi.org/simple/"
_INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "msedge")
_DOCKER_SOCKET = "/var/run/docker.sock"
_CORE = re.compile(r"apache-airflow-core==(\S+)")


class Looked(NamedTuple):
    """Whether it is there, and what was found, in one line."""

    there: bool
    found: str


Look = Callable[[], Looked]


def pythons() -> Looked:
    """Our own interpreter, and others on the PATH that a release may need."""
    others = [name for name in (f"python3.{minor}" for minor in range(11, 16)) if shutil.which(name)]
    here = "{}.{}.{}".format(*sys.version_info)
    return Looked(True, f"{here}; on the PATH: {', '.join(others) or 'no other'}")


def airflow() -> Looked:
    """What of Airflow is installed beside us."""
    return _distributions("apache-airflow-core", "apache-airflow-task-sdk", "apache-airflow-providers-edge3")


def processes() -> Looked:
    """Whether a world of processes can watch them: orphans are adopted by a subreaper, and found in /proc."""
    there = sys.platform == "linux" and Path("/proc/self/stat").exists()
    return Looked(there, f"{sys.platform}, {os.cpu_count()} cores" + ("" if there else ", and no /proc"))


def releases() -> Looked:
    """The releases of Airflow that need no download any more."""
    found = {core for wanted in kept() for each in wanted for core in _CORE.findall(each)}
    return Looked(bool(found), ", ".join(sorted(found, key=_numbers)) or "none yet")


def package_index() -> Looked:
    """Whether packages can be had: where pip would look for them. Credentials in its address are not told."""
    url = _index_url()
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname}"
    if parts.scheme not in ("http", "https"):
        return Looked(False, f"{where} is none that can be asked")
    if (
        parts.username
    ):  # urllib would take it for part of the host; who asks without is answered too, be it with 401
        url = url.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)
    page = f"{url.rstrip('/')}/apache-airflow-core/"
    request = urllib.request.Request(page, method="HEAD")  # noqa: S310 - http or https
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
            return Looked(True, f"{where} answers")
    except urllib.error.HTTPError as error:
        return Looked(error.code < 500, f"{where} answers {error.code}")
    except (OSError, ssl.SSLError) as error:
        return Looked(False, f"{where} is not reached: {getattr(error, 'reason', error)}")


def uv() -> Looked:
    """The fast installer."""
    return _program("uv", "--version")


def postgresql() -> Looked:
    """The programs of PostgreSQL; no server is needed."""
    try:
        folder = find_programs()
    except NotInstallable:
        return Looked(False, "no initdb in /usr/lib/postgresql or on the PATH")
    return _program(str(folder / "postgres"), "--version")


def postgresql_drivers() -> Looked:
    """Airflow's drivers for it."""
    return _distributions("psycopg2-binary", "asyncpg")


def tls() -> Looked:
    """What makes the certificates of a test CA, and who checks them."""
    looked = _distributions("trustme")
    return looked._replace(found=f"{looked.found}; {ssl.OPENSSL_VERSION}")


def toxiproxy() -> Looked:
    """The original."""
    return _program(os.environ.get("TOXIPROXY_SERVER") or "toxiproxy-server", "-version")


def docker() -> Looked:
    """The engine behind a socket on this machine; one elsewhere is not asked."""
    address = os.environ.get("DOCKER_HOST") or f"unix://{_DOCKER_SOCKET}"
    if not address.startswith("unix://"):
        return Looked(False, f"DOCKER_HOST names {urlsplit(address).scheme}://…, which is not asked")
    path = address.removeprefix("unix://")
    try:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.settimeout(TIMEOUT)
            engine.connect(path)
            engine.sendall(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")
            reply = b"".join(iter(lambda: engine.recv(65_536), b""))
        told = json.loads(reply.partition(b"\r\n\r\n")[2])
        version, kernel = told["Version"], told.get("KernelVersion", os.uname().release)
        if kernel != os.uname().release:
            return Looked(False, f"{version} at {path}, but its containers run elsewhere, on kernel {kernel}")
        return Looked(True, f"{version} at {path}")
    except (OSError, ValueError, KeyError) as error:
        return Looked(False, f"no engine at {path}: {error}")


def browser() -> Looked:
    """One on the PATH, or one of Playwright's."""
    named = [found for name in _BROWSERS if (found := shutil.which(name))]
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    named += [str(path) for path in sorted(folder.glob("*-[0-9]*"))]
    return Looked(bool(named), named[0] if named else f"none on the PATH or in {folder}")


def root() -> Looked:
    """Who we are."""
    return Looked(os.geteuid() == 0, f"user {os.geteuid()}")


def network_namespaces() -> Looked:
    """Whether we may have a network of our own."""
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    found = _program("unshare", "--net", *as_root, "true")
    return Looked(found.there, "they can be made" if found.there else found.found)


def small_disks() -> Looked:
    """Whether a file system can be mounted."""
    why_not = why_no_disks()
    return Looked(why_not is None, why_not or "a tmpfs can be mounted")


def faketime() -> Looked:
    """The library that gives a process another clock."""
    found = library()
    return Looked(found is not None, str(found or "no libfaketimeMT.so.1 below /usr/lib or /usr/local/lib"))


def _program(*command: str) -> Looked:
    """What a program says; its first line."""
    if not shutil.which(command[0]):
        return Looked(False, f"no {command[0]} here, or none that can be run")
    try:
        done = subprocess.run(  # noqa: S603
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Looked(False, f"{command[0]}: {error}")
    said = next(iter((done.stdout + done.stderr).splitlines()), "")
    return Looked(done.returncode == 0, said)


def _distributions(*names: str) -> Looked:
    found = {name: _version(name) for name in names}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        return Looked(False, f"not installed here: {', '.join(missing)}")
    return Looked(True, ", ".join(f"{name} {version}" for name, version in found.items()))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _index_url() -> str:
    """The index that pip would ask: of the environment, of its files, or PyPI."""
    named = next((url for name in _INDEX_VARIABLES if (url := os.environ.get(name))), None)
    files = configparser.ConfigParser(interpolation=None, strict=False)
    homes = ("/etc/pip.conf", Path.home() / ".pip" / "pip.conf", Path.home() / ".config" / "pip" / "pip.conf")
    try:
        files.read((*homes, Path(sys.prefix) / "pip.conf"))
    except (configparser.Error, UnicodeDecodeError):
        return named or PYPI
    return named or files.get("global", "index-url", fallback=PYPI) or PYPI


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
