"""`harness matrix`: released code against the fake API, in environments of its own; known bugs on their releases."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import BadParameter, MissingExtra


def matrix(arguments: argparse.Namespace) -> int:
    """Run the releases, or the bugs, and print the table, or one JSON object."""
    if arguments.bugs is not None:
        return _bugs(arguments)
    if arguments.out:
        raise BadParameter("--out is for --bugs: the other matrix stores nothing")
    try:
        from harness.releases import outcome, releases, run_matrix
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the matrix needs {error.name}: install it") from None

    rows = run_matrix(releases(arguments.sdk), progress=_progress)
    _print(outcome.as_json(rows) if arguments.json else outcome.as_table(rows))
    return outcome.exit_code(rows)


def _bugs(arguments: argparse.Namespace) -> int:
    from harness.bugs import bugs, outcome, run_bugs

    chosen = bugs(arguments.bugs)
    plans = Path(str(resources.files("scenarios"))) / "regressions" / "releases"
    shown = run_bugs(chosen, plans=plans, out=arguments.out, progress=_progress)
    _print(outcome.as_json(shown) if arguments.json else outcome.as_table(shown))
    return outcome.exit_code(shown)


def _print(told: dict[str, Any] | list[str]) -> None:
    print("\n".join(told) if isinstance(told, list) else json.dumps(told, indent=2, ensure_ascii=False))


def _progress(text: str) -> None:
    print(f"harness: {text}", file=sys.stderr, flush=True)
