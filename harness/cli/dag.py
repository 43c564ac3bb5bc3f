"""`harness dag`: the Dag file of a plan, for a server of somebody's own."""

from __future__ import annotations

import argparse

from harness import catalogue
from harness.cli.options import DEFAULT_SEED
from harness.cli.running import settings
from harness.live.one_file import dag_file
from harness.model.planning import make_plan


def show(arguments: argparse.Namespace) -> int:
    """Print the file."""
    entry = catalogue.find(arguments.scenario)
    seed = DEFAULT_SEED if arguments.seed is None else arguments.seed
    texts = settings(arguments.settings)
    plan = make_plan(entry.build(**texts), seed, name=entry.name, parameters=texts)
    print(dag_file(plan.submissions), end="")
    return 0
