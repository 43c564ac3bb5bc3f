"""`harness matrix`: real tasks under released Task SDKs against the fake API."""

from __future__ import annotations

import argparse
import json
import sys

from harness.errors import MissingExtra


def matrix(arguments: argparse.Namespace) -> int:
    """Run the releases and print the table, or one JSON object."""
    try:
        from harness.releases import outcome, releases, run_matrix
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the matrix needs {error.name}: install it") from None

    rows = run_matrix(releases(arguments.sdk), progress=_progress)
    if arguments.json:
        print(json.dumps(outcome.as_json(rows), indent=2, ensure_ascii=False))
    else:
        print("\n".join(outcome.as_table(rows)))
    return outcome.exit_code(rows)


def _progress(text: str) -> None:
    print(f"harness: {text}", file=sys.stderr, flush=True)
