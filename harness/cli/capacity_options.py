"""The options of `harness capacity`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.cli.search_options import duration, positive
from harness.units import seconds

Later = Callable[[str, str], Callable[[argparse.Namespace], int]]
LOADS = ("workers", "heartbeats", "tasks", "idle-workers")

_EPILOG = """\
Between two steps the server is as the last one left it. What a step needs of its secrets is read from the environment, as
`locust -f loadtests` reads it: AIRFLOW__API_AUTH__JWT_SECRET for a server of your own.

exit codes:
  0 the knee was found, and is at least --at-least   2 it is not, or no step kept the service levels
  3 unknown: the load generator gave in first, or nothing was done   64 usage error
  74 the disk does not take the files; what was measured is told all the same
"""


def add(commands: Any, later: Later, path: Callable[[str], Path]) -> None:
    """Add the command."""
    capacity = commands.add_parser(
        "capacity",
        help="find how much load a control plane carries, and what runs out first",
        description="Put load on a server in steps, with Locust, until a service level is missed, and name the knee: the "
        "most that kept them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )

    def option(name: str, help: str, **more: Any) -> None:
        capacity.add_argument(name, help=help, **more)

    option(
        "--server",
        "fake (the default), airflow, airflow+postgres, or the URL of one that runs",
        default="fake",
    )
    option(
        "--load", "what is put on it (default: workers, with their tasks)", choices=LOADS, default="workers"
    )
    option(
        "--step", "how long each step takes (default: 20s)", type=duration, default=seconds(20), metavar="T"
    )
    option("--start", "the first step's amount (default: 10)", type=_amount, default=10.0, metavar="N")
    option("--most", "no step is above that", type=_amount, default=100_000.0, metavar="N")
    option(
        "--repeats", "measure the knee and the step above it so often (default: 2)", type=positive, default=2
    )
    option("--p99", "the latency that is allowed, each operation's 99th percentile (default: 2500ms)",
           type=duration, default=seconds(2.5), metavar="T")  # fmt: skip
    option("--slots", "tasks a worker runs at once (default: 4)", type=positive, default=4)
    option("--task-seconds", "median length of a task (default: 30)", type=_amount, default=30.0, metavar="S")
    option("--time-scale", "factor of all intervals: 0.1 is ten times as fast", type=_amount, default=1.0)
    option("--server-processes", "of an api-server that is set up (default: 1)", type=positive, default=1)
    option("--generators", "processes of Locust (default: 1)", type=positive, default=1)
    option("--seed", "what the users draw from (default: 1)", type=int, default=1)
    option("--option", "an option of Airflow, for the server that is set up and for the users; repeatable",
           action="append", default=[], metavar="SECTION.NAME=VALUE", dest="airflow_options")  # fmt: skip
    option("--model", "find out what calls cost, predict the knee of two other settings, and measure them too",
           action="store_true")  # fmt: skip
    option("--at-least", "fail unless the knee is at least that", type=_amount, metavar="N")
    option("--out", "where the files go (default: a new folder in runs/)", type=path, metavar="DIR")
    option("--json", "print one JSON object instead of text", action="store_true")
    option("--compare", "tell how two runs differ", nargs=2, type=path, metavar=("A", "B"))
    capacity.set_defaults(command=later("capacity", "capacity"))


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number above 0")
    return number
