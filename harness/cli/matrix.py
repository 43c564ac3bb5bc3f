"""`harness matrix`: released code against the fake API, in environments of its own; known bugs on their releases."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.ending import say_aside
from harness.errors import BadParameter, MissingExtra
from harness.model.moments import moment
from harness.search.pool import executor, gather
from harness.units import NANOSECONDS

if TYPE_CHECKING:
    from harness.bugs import Result

    Errands = list[tuple[tuple[str, str], Callable[[], Result]]]


def matrix(arguments: argparse.Namespace) -> int:
    """Run the releases, or the bugs, and print the table, or one JSON object."""
    if arguments.bugs is not None:
        return _bugs(arguments)
    if arguments.out or arguments.jobs:
        raise BadParameter(
            "--out and --jobs are for --bugs: the other matrix has two tasks at once and stores nothing"
        )
    try:
        from harness.releases import outcome, releases, run_matrix
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the matrix needs {error.name}: install it") from None

    rows = run_matrix(releases(arguments.sdk), progress=_progress)
    _print(outcome.as_json(rows) if arguments.json else outcome.as_table(rows))
    return outcome.exit_code(rows)


def _bugs(arguments: argparse.Namespace) -> int:
    from harness import bugs
    from harness.bugs import outcome

    chosen = bugs.bugs(arguments.bugs)
    plans = Path(str(resources.files("scenarios"))) / "regressions" / "releases"
    results = _run_all(bugs.errands(chosen, plans=plans, out=arguments.out), arguments)
    shown = bugs.shown(chosen, results)
    _print(outcome.as_json(shown) if arguments.json else outcome.as_table(shown))
    return outcome.exit_code(shown)


def _run_all(errands: Errands, arguments: argparse.Namespace) -> dict[tuple[str, str], Result]:
    """Each errand's result; what they are at, and how it goes on if it is broken off, is told on stderr."""
    jobs, begun = arguments.jobs or os.cpu_count() or 1, time.perf_counter()
    results = {}
    _progress(f"{len(errands)} runs, {jobs} at once, of one to six minutes each")
    try:
        with executor(jobs) as pool:
            for name, result in gather(pool, errands, at_once=2 * jobs - 1):
                results[name] = result
                elapsed = moment(int((time.perf_counter() - begun) * NANOSECONDS))
                _progress(
                    f"{len(results)} of {len(errands)} in {elapsed}: {name[0]} on {result.release}: {result.answer}"
                )
    except KeyboardInterrupt:
        if arguments.out:
            _progress(f"what was run is in {arguments.out}: the same command goes on from there")
        raise
    return results


def _print(told: dict[str, Any] | list[str]) -> None:
    print("\n".join(told) if isinstance(told, list) else json.dumps(told, indent=2, ensure_ascii=False))


def _progress(text: str) -> None:
    say_aside(f"harness: {text}")
