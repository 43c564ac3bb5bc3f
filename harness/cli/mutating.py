"""`harness mutants`: the checkers on trial."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial

from harness.cli.searching import pool_of
from harness.errors import BadParameter
from harness.model.names import no_such
from harness.search.mutants import MUTANTS, table
from harness.search.mutants.trial import Fate, Trial, try_named
from harness.search.pool import gather


def mutants(arguments: argparse.Namespace) -> int:
    """Try the mutants of those names, or all, and print the table."""
    names = list(dict.fromkeys(arguments.names)) or list(MUTANTS)
    for name in names:
        if name not in MUTANTS:
            raise BadParameter(no_such("mutant", name, MUTANTS))
    trials: dict[str, Trial] = {}
    calls = ((name, partial(try_named, name, arguments.seeds, arguments.storms)) for name in names)
    with pool_of(arguments) as (pool, jobs):
        for name, found in gather(pool, calls, at_once=2 * jobs - 1):
            trials[name] = found
            _tell(found, len(trials), len(names))
    told = [trials[name] for name in names]
    if arguments.json:
        print(json.dumps(table.as_json(told, seeds=arguments.seeds), ensure_ascii=False))
    else:
        print("\n".join(table.as_text(told, seeds=arguments.seeds)))
    return table.exit_code(told)


def _tell(found: Trial, done: int, of: int) -> None:
    """Progress: each mutant that lives, and every tenth that does not."""
    if found.fate is not Fate.KILLED or done % 10 == 0:
        print(f"harness: {done} of {of} tried; {found.mutant}: {found.fate}", file=sys.stderr, flush=True)
