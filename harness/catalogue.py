"""Scenarios by name: functions marked `@scenario` in the `scenarios` package, or in a file of the user's.

    @scenario
    def cut_off_worker(*, lasting: timedelta = minutes(2), workers: int = 5) -> Scenario:
        \"\"\"One worker loses its link to the API.\"\"\"

makes `harness run cut-off-worker --set lasting=90s` work, or `harness run FILE.py::cut-off-worker`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import TypeVar

from harness.errors import BadParameter, UnknownScenario, UsageError
from harness.model.entries import Entry, entry_of
from harness.model.names import no_such
from harness.model.scenario import Scenario
from harness.model.told import told

Make = TypeVar("Make", bound=Callable[..., Scenario])

_CATALOGUE: dict[str, Entry] = {}
_FILES: dict[str, dict[str, Entry]] = {}
"""The scenarios of each file that was named, by the name of its module: they may be called like others."""


def scenario(make: Make) -> Make:
    """Add a function of keyword-only parameters, each with a type and a default, to the catalogue.

    The scenario is named like the function, with dashes. Raises BadParameter for a name that is
    taken and for a parameter that could not be set from the command line.
    """
    entry = entry_of(make)
    known = _FILES.get(make.__module__, _CATALOGUE)
    if entry.name in known:
        raise BadParameter(
            f"there is a scenario {entry.name!r} already: rename {make.__module__}.{make.__name__}"
        )
    known[entry.name] = entry
    return make


def entries() -> list[Entry]:
    """Every scenario of the catalogue, by module and in the order of definition."""
    _load()
    return list(_CATALOGUE.values())


def find(name: str) -> Entry:
    """The scenario of that name, or the one that `FILE.py::NAME` or `FILE.py` means.

    Raises UnknownScenario that names the nearest, and UsageError where the file cannot be imported.
    """
    file, _, chosen = name.partition("::")
    if file.endswith(".py"):
        return _choose(_entries_of(Path(file)), chosen, file=file)
    _load()
    if (key := name.replace("_", "-")) not in _CATALOGUE:
        hint = "`harness list` shows all; those of a file are FILE.py::NAME"
        raise UnknownScenario(f"{no_such('scenario', name, _CATALOGUE)} ({hint})")
    return _CATALOGUE[key]


def _choose(known: Mapping[str, Entry], name: str, *, file: str) -> Entry:
    if not known:
        raise UnknownScenario(f"{file} has no scenario: put @scenario above a function of it")
    if not name and len(known) > 1:
        raise UnknownScenario(f"{file} has {', '.join(known)}: say which, as in {file}::{next(iter(known))}")
    key = name.replace("_", "-") or next(iter(known))
    if key not in known:
        raise UnknownScenario(f"{file}: {no_such('scenario', name, known)}")
    return known[key]


def _entries_of(file: Path) -> Mapping[str, Entry]:
    """The scenarios of a Python file, which is run once; what stands beside it can be imported there."""
    try:
        file.open("rb").close()
    except (OSError, ValueError) as error:
        raise UnknownScenario(f"{file} cannot be read: {getattr(error, 'strerror', error)}") from None
    path = file.resolve()
    name = f"file:{path}"  # not its stem, which may be the name of a module that others mean
    if name in _FILES:
        return _FILES[name]
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    _FILES[name] = {}
    loader = SourceFileLoader(name, str(path))
    module = sys.modules[name] = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    try:
        _run(lambda: loader.exec_module(module), str(path))
    except UsageError:
        del _FILES[name], sys.modules[name]
        raise
    return _FILES[name]


@functools.cache
def _load() -> None:
    """Import every module of the `scenarios` package, in the order of their names."""
    try:
        package = importlib.import_module("scenarios")
    except ModuleNotFoundError as error:
        raise UsageError(f"the package of scenarios cannot be imported: {error}") from None
    modules = pkgutil.walk_packages(package.__path__, "scenarios.")
    for name in sorted(module.name for module in modules):
        before = dict(_CATALOGUE)
        try:
            _run(functools.partial(importlib.import_module, name), _file_of(name))
        except UsageError:
            _CATALOGUE.clear()
            _CATALOGUE.update(before)  # or the next attempt would find its names taken
            raise


def _file_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    return str(spec.origin) if spec else module


def _run(load: Callable[[], object], file: str) -> None:
    """Run the code of a file. Raises UsageError that leads to the line which went wrong."""
    try:
        load()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"{told(error, file)} (scenarios cannot be read from there)") from error
