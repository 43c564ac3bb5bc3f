"""`harness list`: what there is, in one screen."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap
from collections.abc import Iterator

from harness import catalogue
from harness.fault_table import does, ways
from harness.invariants import INVARIANTS
from harness.model.codec import to_json
from harness.model.entries import to_text
from harness.model.faults import FAULTS, Fault
from harness.model.options import OPTIONS
from harness.model.verdict import Kind


def show(arguments: argparse.Namespace) -> int:
    """Print the scenarios, or the faults, or the invariants, or the options, or the mutants."""
    if arguments.faults:
        lines = faults()
    elif arguments.invariants:
        lines = invariants()
    elif arguments.options:
        lines = options()
    elif arguments.mutants:
        lines = mutants()
    else:
        lines = scenarios()
    print("\n".join(lines))
    return 0


def scenarios() -> Iterator[str]:
    """Each scenario: its name, what it is about, its parameters with their defaults."""
    for entry in catalogue.entries():
        yield entry.name
        yield from _indented(entry.doc)
        defaults = (f"{name}={to_text(item.default)}" for name, item in entry.parameters.items())
        yield from _indented(" ".join(f"--set {default}" for default in defaults))


def faults() -> Iterator[str]:
    """Each kind of fault with its fields; those without a default must be given. Then what each world makes of it."""
    for kind in FAULTS:
        yield f"{kind.__name__}({', '.join(_fields(kind))})"
        yield from _indented(does(kind))
        for world, how in ways(kind):
            yield from _indented(f"{world}: {how}")


def invariants() -> Iterator[str]:
    """Each invariant under its kind, with what it promises."""
    for kind in Kind:
        yield f"{kind}:"
        for invariant in INVARIANTS.values():
            if invariant.kind is kind:
                yield f"  {invariant.name}"
                yield from _indented(invariant.doc)


def options() -> Iterator[str]:
    """Each option of Airflow with its default, what it takes, who reads it and what it is about."""
    for option in OPTIONS.values():
        yield f"{option.name}={option.default}"
        yield from _indented(f"{option.takes}; read by {', '.join(option.read_by)}. {option.about}")


def mutants() -> Iterator[str]:
    """Each mutant with what is wrong with it, and the promise that has to tell."""
    from harness.search.mutants import MUTANTS

    for mutant in MUTANTS.values():
        yield mutant.name
        yield from _indented(f"{mutant.about} Caught by {mutant.caught_by}.")


def _fields(kind: type[Fault]) -> Iterator[str]:
    for field in dataclasses.fields(kind):
        default = field.default
        yield field.name if default is dataclasses.MISSING else f"{field.name}={to_json(default)}"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(
        text, width=96, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
