"""The options of the commands that search: `exhaust`, `swarm`, `shrink`, `mutants`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.errors import BadParameter
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.units import parse_duration

Later = Callable[[str, str], Callable[[argparse.Namespace], int]]
PathOf = Callable[[str], Path]

_EXIT = "Exit codes: that of the worst plan (1 safety, 2 liveness, 3 unknown or not exercised, 0 all valid)"


def add(commands: Any, later: Later, path: PathOf) -> None:
    """Add each command; `later` and `path` as in `tool_options`."""
    for command in (_exhaust, _swarm, _shrink, _mutants):
        command(commands, later, path)


def positive(text: str) -> int:
    """A whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few: give 1 or more")
    return number


def duration(text: str) -> timedelta:
    """A duration above 0, such as 5m."""
    try:
        found = parse_duration(text)
    except BadParameter as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not found:
        raise argparse.ArgumentTypeError("no time at all: give some, such as 5m")
    return found


def _common(command: argparse.ArgumentParser, path: PathOf) -> None:
    command.add_argument(
        "--workers", choices=[str(kind) for kind in Workers], help="which code plays the workers"
    )
    _jobs_and_json(command)
    command.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="where the results go; a search that is there already goes on (default: a folder in runs/)",
    )


def _jobs_and_json(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs",
        type=positive,
        default=os.cpu_count() or 1,
        metavar="N",
        help="plans at once, in processes of their own (default: as many as there are cores)",
    )
    command.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="run the plans on the workers of this Dask scheduler, tcp://HOST:PORT, instead (extra `dask`)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def _exhaust(commands: Any, later: Later, path: PathOf) -> None:
    exhaust = commands.add_parser(
        "exhaust",
        help="strike every call of a task and a worker with every fault",
        description="Make the scenario small and quiet, and run it once for each call of a task's and a worker's life, "
        "each fault that can strike a call, and each span: once, for a minute, to the end of the storm.",
        epilog=f"{_EXIT}. With --compare: 0 no difference, 1 differences.",
        allow_abbrev=False,
    )
    exhaust.add_argument("scenario", nargs="?", metavar="SCENARIO", help="as `harness run` takes it")
    exhaust.add_argument("--seed", type=int, default=1, help="of the quiet plan (default: 1)")
    exhaust.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="as for a run"
    )
    exhaust.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        dest="airflow_options",
        help="as for a run",
    )
    exhaust.add_argument("--calls", default="*", metavar="PATTERN", help="only these calls, such as 'jobs.*'")
    exhaust.add_argument("--faults", default="*", metavar="PATTERN", help="only these, such as 'status 5*'")
    exhaust.add_argument(
        "--spans",
        nargs="+",
        choices=("once", "window", "for-ever"),
        default=None,
        help="only these (default: all; with --pairs: once)",
    )
    exhaust.add_argument("--pairs", action="store_true", help="every two of the faults together")
    exhaust.add_argument(
        "--compare", nargs=2, type=path, metavar=("A", "B"), help="tell in which cells two results differ"
    )
    _common(exhaust, path)
    exhaust.set_defaults(command=later("searching", "exhaust"))


def _swarm(commands: Any, later: Later, path: PathOf) -> None:
    swarm = commands.add_parser(
        "swarm",
        help="run storms drawn from seeds, and tell their failures apart",
        description="Run a storm for each seed, in which everything is drawn: the faults, the fleet, the intervals.",
        epilog=f"{_EXIT}.",
        allow_abbrev=False,
    )
    swarm.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="as `harness run` takes it")
    most = swarm.add_mutually_exclusive_group(required=True)
    most.add_argument("--seeds", type=positive, metavar="N", help="the seeds 1 to N of each scenario")
    most.add_argument("--time", type=duration, metavar="T", help="as many as begin in this time, such as 10m")
    swarm.add_argument(
        "--faults",
        default="*",
        metavar="PATTERN",
        help="only faults of these kinds, such as 'Kill' or '*Replies'",
    )
    swarm.add_argument("--tls", choices=[str(tls) for tls in Tls], help="as for a run")
    _common(swarm, path)
    swarm.set_defaults(command=later("searching", "swarm"))


def _shrink(commands: Any, later: Later, path: PathOf) -> None:
    shrink = commands.add_parser(
        "shrink",
        help="find the smallest plan that fails as a given one does",
        description="Take from a plan that fails what it can do without: faults, tasks, workers, time. What is left is "
        "written beside it.",
        epilog="Exit codes: that of the smallest plan (1 safety, 2 liveness); 3 if the plan fails otherwise than its "
        "verdict.json says; 64 if it does not fail.",
        allow_abbrev=False,
    )
    shrink.add_argument("plan", type=path, metavar="PLAN", help="a plan.json, or the run's folder")
    shrink.add_argument(
        "--edited", action="store_true", help="the plan was changed by hand, and that is meant"
    )
    shrink.add_argument(
        "--runs", type=positive, default=2000, metavar="N", help="give up after so many runs (default: 2000)"
    )
    shrink.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    shrink.set_defaults(command=later("shrinking", "shrink"))


def _mutants(commands: Any, later: Later, path: PathOf) -> None:  # noqa: ARG001
    mutants = commands.add_parser(
        "mutants",
        help="try whether the promises catch wrong workers, servers and schedulers",
        description="Run systems in which one thing is wrong, each in the weather that gives it a chance, until the "
        "promise that is there for it tells; and the correct system on the same plans, where all are to be kept.",
        epilog="Exit codes: 0 all killed, 1 one survived, 3 one crashed, or the correct system broke a promise.",
        allow_abbrev=False,
    )
    mutants.add_argument(
        "names", nargs="*", metavar="NAME", help="as `harness list --mutants` shows them (default: all)"
    )
    mutants.add_argument(
        "--seeds", type=positive, default=10, metavar="N", help="plans of each at most (default: 10)"
    )
    mutants.add_argument(
        "--storms",
        action="store_true",
        help="look for them in storms drawn blindly, as `harness swarm` does; any promise may tell",
    )
    _jobs_and_json(mutants)
    mutants.set_defaults(command=later("mutating", "mutants"))
