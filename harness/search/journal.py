"""The file of a search: what was found, a JSON line for each plan, so that the search can be broken off and go on."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.errors import BadParameter, NotWritten, UsageError
from harness.model.codec import from_json, to_json
from harness.model.json_file import parse_json
from harness.search.outcome import Outcome

FORMAT, VERSION = "airflow-remote-harness/search", 1
FILE = "search.jsonl"
RELEASES = ("apache-airflow-core", "apache-airflow-task-sdk", "apache-airflow-providers-edge3")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One plan that was run: its key in the search, its digest, its outcome, and where it is kept, if it is.

    `new` are the behaviours that no plan before it had shown.
    """

    key: str
    plan: str
    outcome: Outcome
    kept: str | None = None
    new: tuple[str, ...] = ()


Header = Mapping[str, Any]


def header(kind: str, **of: Any) -> dict[str, Any]:
    """The first line: what is searched, and with which releases."""
    return {"format": FORMAT, "version": VERSION, "kind": kind, **of, "releases": _releases()}


def _releases() -> dict[str, str]:
    found = {}
    for name in RELEASES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def read(path: Path) -> tuple[Header, list[Record]]:
    """The header and the records of a search's file or folder. Raises BadParameter.

    A last line that was not written to its end is left out: its plan will be run again.
    """
    file = path / FILE if path.is_dir() else path
    try:
        *lines, _ = file.read_text(encoding="utf-8").split("\n")
        first = parse_json(lines[0])
        if (first["format"], first["version"]) != (FORMAT, VERSION):
            raise ValueError("it has another format")
        return first, [_record(line) for line in lines[1:]]
    except OSError as error:
        raise BadParameter(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadParameter(
            f"{file} is no {FILE} of a search: {error}; take it away or name another"
        ) from None


def _record(line: str) -> Record:
    record: Record = from_json(Record, parse_json(line))
    return record


class Journal:
    """The open file: what was done before, and a place for what is done now."""

    def __init__(self, descriptor: int, folder: Path, records: list[Record]) -> None:
        self._descriptor, self.folder, self.records = descriptor, folder, records

    def append(self, record: Record) -> None:
        """Write the record at once. Raises NotWritten where the disk does not take it."""
        self._write(json.dumps(to_json(record), ensure_ascii=False))
        self.records.append(record)

    def _write(self, line: str) -> None:
        with told_if_full(self.folder):
            data = f"{line}\n".encode()
            while data:
                data = data[os.write(self._descriptor, data) :]


@contextlib.contextmanager
def told_if_full(folder: Path) -> Iterator[None]:
    """Raises NotWritten in place of an error of the disk."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise NotWritten(
            f"{folder} cannot be written: {reason}; mend that, then give the same command again: it goes on from here"
        ) from None


@contextlib.contextmanager
def opened(folder: Path, first: Header) -> Iterator[Journal]:
    """The journal in that folder, a new one or one of the same search. Raises UsageError, naming the fix."""
    file = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise UsageError(f"{file} cannot be opened: {error.strerror}; give another --out") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"another search writes to {file}: wait for it, or give another --out") from None
        yield _resumed(descriptor, folder, first)
    finally:
        os.close(descriptor)


def _resumed(descriptor: int, folder: Path, first: Header) -> Journal:
    file = folder / FILE
    whole = file.read_bytes().rpartition(b"\n")
    if not whole[1]:  # empty, or a first line that was never finished
        if whole[2] and not json.dumps(first, ensure_ascii=False).encode().startswith(whole[2]):
            raise UsageError(f"{file} is no file of a search: give another --out")
        os.ftruncate(descriptor, 0)
        journal = Journal(descriptor, folder, [])
        journal._write(json.dumps(first, ensure_ascii=False))
        return journal
    before, records = read(file)
    if different := [name for name in first if before.get(name) != first[name]]:
        was, now = before.get(different[0]), first[different[0]]
        raise UsageError(
            f"{folder} has another search, of {different[0]} {was}, not {now}: give another --out"
        )
    os.ftruncate(descriptor, len(whole[0]) + 1)
    return Journal(descriptor, folder, records)
