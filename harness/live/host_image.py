"""The image of this machine's own runtime, for machines that reach no registry: empty, with all that runs mounted into it.

A container of it has the programs, libraries and packages of this machine, read-only, and processes, files and an end
of its own. Where HARNESS_WORKER_IMAGE names an image, that is taken instead, with all it has.
"""

from __future__ import annotations

import io
import os
import secrets
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import NotStarted
from harness.live.abilities import IMAGE_VARIABLE
from harness.live.engine import Engine
from harness.live.supervised_process import PYTHON_VARIABLE

#: What programs need of a machine; on most, all but the first two are links into /usr.
_SYSTEM = ("/usr", "/etc", "/bin", "/lib", "/lib64")
#: Folders that are there for what is mounted or written; the engine puts its init into /sbin.
_EMPTY = ("dev", "proc", "sys", "run", "sbin", "tmp", "var", "var/tmp")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What containers are made of: an image, and folders of this machine that are mounted read-only where they are."""

    image: str
    mounts: tuple[Path, ...] = ()
    is_host: bool = True

    def command(self, command: Sequence[str]) -> list[str]:
        """The command line there: an image has a Python of its own."""
        return list(command) if self.is_host else ["python", *command[1:]]

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment there: an image has paths of its own."""
        if self.is_host:
            return dict(env)
        kept = {name: value for name, value in env.items() if name not in _PATHS}
        return kept | {PYTHON_VARIABLE: "python"}


_PATHS = frozenset({"PATH", "PYTHONPATH"})


def runtime(engine: Engine, *, python: Path) -> Runtime:
    """The image that HARNESS_WORKER_IMAGE names, or one made of this machine, where that `python` runs.

    Raises NotStarted.
    """
    if named := os.environ.get(IMAGE_VARIABLE):
        return Runtime(image=_fetched(engine, named), is_host=False)
    return host_runtime(engine, python=python)


def host_runtime(
    engine: Engine, *, python: Path, files: Mapping[str, str] | None = None, changes: Sequence[str] = ()
) -> Runtime:
    """An image of this machine; with these programs in it, by path, and changes such as `ENTRYPOINT ["/program"]`."""
    name, label = (
        f"{engine.run}-{secrets.token_hex(4)}",
        [f"LABEL {key}={value}" for key, value in engine.labels.items()],
    )
    engine.client.api.import_image_from_data(
        _skeleton(files or {}), repository=name, tag="latest", changes=[*label, *changes]
    )
    return Runtime(image=f"{name}:latest", mounts=mounts(python))


def _fetched(engine: Engine, image: str) -> str:
    from docker.errors import DockerException, ImageNotFound

    try:
        try:
            engine.client.images.get(image)
        except ImageNotFound:
            engine.client.images.pull(image)
    except (DockerException, OSError) as error:
        raise NotStarted(f"the image {image}, which {IMAGE_VARIABLE} names, cannot be had: {error}") from None
    return image


def mounts(*pythons: Path) -> tuple[Path, ...]:
    """The folders that a container needs for those interpreters and for this package; none lies within another."""
    wanted = [Path(each) for each in _SYSTEM if Path(each).is_dir() and not Path(each).is_symlink()]
    wanted += [Path(sys.prefix), Path(sys.base_prefix).resolve(), Path(__file__).resolve().parents[2]]
    for python in pythons:
        wanted += [python.parents[1], python.resolve().parents[1]]
    return tuple(_outermost(wanted))


def _outermost(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in sorted(set(paths)):  # what lies within a folder comes after it
        if not any(path.is_relative_to(each) for each in found):
            found.append(path)
    return found


def _skeleton(files: Mapping[str, str]) -> bytes:
    """The layers of that image, as tar: links such as /bin are as on this machine, and there are folders to mount at."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in _EMPTY:
            archive.addfile(_entry(name, tarfile.DIRTYPE, mode=0o1777 if name.endswith("tmp") else 0o755))
        for path in map(Path, _SYSTEM):
            if path.is_symlink():
                archive.addfile(_entry(path.name, tarfile.SYMTYPE, target=str(path.readlink())))
        for name, text in files.items():
            entry, content = _entry(name.lstrip("/"), tarfile.REGTYPE, mode=0o755), text.encode()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _entry(name: str, kind: bytes, *, mode: int = 0o777, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname = kind, mode, target
    return entry
