"""The catalogue of scenarios: functions marked `@scenario` in the modules of the `scenarios` package.

    @scenario
    def cut_off_worker(*, lasting: timedelta = minutes(2), workers: int = 5) -> Scenario:
        \"\"\"One worker loses its link to the API.\"\"\"

makes `harness run cut-off-worker --set lasting=90s` work.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import pkgutil
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from harness.errors import BadParameter, UnknownScenario, UsageError
from harness.model.names import no_such
from harness.model.scenario import Scenario
from harness.units import format_duration, parse_duration

Make = TypeVar("Make", bound=Callable[..., Scenario])

_CATALOGUE: dict[str, Entry] = {}
_KINDS = {timedelta: "a duration", int: "an integer", float: "a number", bool: "true or false", str: "a text"}
_BOOLS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a scenario; `type` is timedelta, int, float, bool or str."""

    name: str
    type: type
    default: Any

    def parse(self, text: str) -> Any:
        """The value that `text` means. Raises BadParameter, naming parameter and text."""
        try:
            return _parse(self.type, text)
        except (ValueError, KeyError, BadParameter):
            example = to_text(self.default)
            raise BadParameter(
                f"{self.name}={text!r}: it takes {_KINDS[self.type]}, such as {self.name}={example}"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One scenario of the catalogue; `doc` is the first paragraph of its docstring, as one line."""

    name: str
    doc: str
    parameters: Mapping[str, Parameter]
    make: Callable[..., Scenario]

    def build(self, **texts: str) -> Scenario:
        """The scenario with parameters from texts, as `--set` gives them. Raises BadParameter."""
        values = {name: self._parameter(name).parse(text) for name, text in texts.items()}
        try:
            return self.make(**values)
        except (ValueError, ArithmeticError) as error:
            given = ", ".join(f"{name}={text}" for name, text in texts.items())
            raise BadParameter(f"{self.name} cannot be made with {given}: {error}") from error

    def _parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise BadParameter(f"{self.name}: {no_such('parameter', name, self.parameters)}")
        return self.parameters[name]


def scenario(make: Make) -> Make:
    """Add a function of keyword-only parameters, each with a type and a default, to the catalogue.

    The scenario is named like the function, with dashes. Raises BadParameter for a name that is
    taken and for a parameter that could not be set from the command line.
    """
    entry = entry_of(make)
    if entry.name in _CATALOGUE:
        raise BadParameter(
            f"there is a scenario {entry.name!r} already: rename {make.__module__}.{make.__name__}"
        )
    _CATALOGUE[entry.name] = entry
    return make


def entry_of(make: Callable[..., Scenario]) -> Entry:
    """The entry a function would have, without adding it."""
    hints = typing.get_type_hints(make)
    where = f"{make.__module__}.{make.__name__}"
    parameters = {}
    for name, parameter in inspect.signature(make).parameters.items():
        kind = hints.get(name)
        if parameter.kind is not parameter.KEYWORD_ONLY or parameter.default is parameter.empty:
            raise BadParameter(f"{where}: make {name} keyword-only and give it a default")
        if kind not in _KINDS:
            raise BadParameter(f"{where}: {name} must be a timedelta, int, float, bool or str")
        parameters[name] = Parameter(name=name, type=kind, default=parameter.default)
    doc = (inspect.getdoc(make) or "").partition("\n\n")[0]
    name = make.__name__.strip("_").replace("_", "-")
    return Entry(name=name, doc=" ".join(doc.split()), parameters=parameters, make=make)


def entries() -> list[Entry]:
    """Every scenario, by module and in the order of definition."""
    _load()
    return list(_CATALOGUE.values())


def find(name: str) -> Entry:
    """The scenario of that name. Raises UnknownScenario that names the nearest."""
    _load()
    if name not in _CATALOGUE:
        raise UnknownScenario(f"{no_such('scenario', name, _CATALOGUE)} (`harness list` shows all)")
    return _CATALOGUE[name]


def to_text(value: Any) -> str:
    """A parameter's value as `--set` would give it: `2m`, `5`, `true`."""
    if isinstance(value, timedelta):
        return format_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse(kind: type, text: str) -> Any:
    if kind is timedelta:
        return parse_duration(text)
    if kind is bool:
        return _BOOLS[text.lower()]
    value = kind(text)
    if kind is float and not math.isfinite(value):
        raise ValueError(text)
    return value


@functools.cache
def _load() -> None:
    """Import every module of the `scenarios` package, in the order of their names."""
    try:
        package = importlib.import_module("scenarios")
    except ModuleNotFoundError as error:
        raise UsageError(f"the package of scenarios cannot be imported: {error}") from None
    for module in sorted(
        pkgutil.walk_packages(package.__path__, "scenarios."), key=lambda module: module.name
    ):
        importlib.import_module(module.name)
