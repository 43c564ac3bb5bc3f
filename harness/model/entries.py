"""A scenario's function and its parameters, which are read from texts as `--set` gives them."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from reprlib import repr as short
from typing import Any

from harness.errors import BadParameter
from harness.model.fields import check_of
from harness.model.names import no_such
from harness.model.scenario import Scenario
from harness.model.told import place, told
from harness.units import format_duration, parse_duration

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
            value = _parse(self.type, text)
        except (ValueError, KeyError, BadParameter):
            example = to_text(self.default)
            raise BadParameter(
                f"{self.name}={short(text)}: it takes {_KINDS[self.type]}, such as {self.name}={example}"
            ) from None
        if wrong := check_of(self.type)(value):
            raise BadParameter(f"{self.name}={short(text)}: {wrong}")
        return value


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One scenario; `doc` is the first paragraph of its docstring, as one line, `file` is where it stands."""

    name: str
    doc: str
    file: str
    parameters: Mapping[str, Parameter]
    make: Callable[..., Scenario]

    def build(self, **texts: str) -> Scenario:
        """The scenario with parameters from texts, as `--set` gives them.

        Raises BadParameter, also for whatever its function raises or gives that is no Scenario.
        """
        values = {name: self._parameter(name).parse(text) for name, text in texts.items()}
        given = ", ".join(f"{name}={text}" for name, text in texts.items())
        try:
            made: object = self.make(**values)
        except Exception as error:
            raise BadParameter(
                f"{self.name} cannot be made{' with ' if given else ''}{given}: {told(error, self.file)}"
            ) from error
        if not isinstance(made, Scenario):
            raise BadParameter(
                f"{self.name} in {place(self.file)} gives {short(made)}: let it return a Scenario(…)"
            )
        return made

    def _parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise BadParameter(f"{self.name}: {no_such('parameter', name, self.parameters)}")
        return self.parameters[name]


def entry_of(make: Callable[..., Scenario]) -> Entry:
    """The entry a function has. Raises BadParameter for one that the command line could not call."""
    if not inspect.isfunction(make) or inspect.iscoroutinefunction(make):
        raise BadParameter(f"{make!r} is no plain function: put @scenario above one that returns a Scenario")
    code, hints = inspect.unwrap(make).__code__, typing.get_type_hints(make)
    where = f"{place(code.co_filename, code.co_firstlineno)}: {make.__name__}"
    parameters = {
        name: _parameter_of(parameter, hints.get(name), where)
        for name, parameter in inspect.signature(make).parameters.items()
    }
    doc = (inspect.getdoc(make) or "").partition("\n\n")[0]
    return Entry(
        name=make.__name__.strip("_").replace("_", "-"),
        doc=" ".join(doc.split()),
        file=code.co_filename,
        parameters=parameters,
        make=make,
    )


def to_text(value: Any) -> str:
    """A parameter's value as `--set` would give it: `2m`, `5`, `true`."""
    if isinstance(value, timedelta):
        return format_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameter_of(parameter: inspect.Parameter, kind: Any, where: str) -> Parameter:
    name, default = parameter.name, parameter.default
    if parameter.kind is not parameter.KEYWORD_ONLY or default is parameter.empty:
        raise BadParameter(f"{where}: make {name} keyword-only and give it a default")
    if kind not in _KINDS:
        raise BadParameter(f"{where}: {name} must be a timedelta, int, float, bool or str")
    if wrong := check_of(kind)(default):
        raise BadParameter(f"{where}: the default of {name}: {wrong}")
    return Parameter(name=name, type=kind, default=default)


def _parse(kind: type, text: str) -> Any:
    if kind is timedelta:
        return parse_duration(text)
    if kind is bool:
        return _BOOLS[text.lower()]
    value = kind(text)
    if kind is float and not math.isfinite(value):
        raise ValueError(text)
    return value
