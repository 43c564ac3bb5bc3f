"""The options of the commands around the simulator: what holds the fake and released Airflow against each other."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.cli import capacity_options, search_options
from harness.live.abilities import Hosts

_DAG_EPILOG = """\
then `harness run SCENARIO --world live --server URL` tells what a run would do there, and with --i-own-this does it.
It reads from the environment, and writes nowhere:
  HARNESS_AIRFLOW_USERNAME, HARNESS_AIRFLOW_PASSWORD   to log in at the server's REST API,
  HARNESS_AIRFLOW_TOKEN                                or a bearer token for it
  AIRFLOW__API_AUTH__JWT_SECRET                        the server's own: edge workers share it
"""

HOSTS = tuple(str(hosts) for hosts in Hosts)
Later = Callable[[str, str], Callable[[argparse.Namespace], int]]


def add(commands: Any, later: Later) -> None:
    """Add each command; `later` takes the module in harness.cli and the function of it that does the work."""
    for command in (_matrix, _conform, _dag, _proxy, _airflow, _storm, _doctor):
        command(commands, later)
    search_options.add(commands, later, path)
    capacity_options.add(commands, later, path)


def add_server(command: argparse.ArgumentParser) -> None:
    """The options that name the server of a live world."""
    command.add_argument(
        "--server",
        type=_server,
        default="fake",
        metavar="SERVER",
        help="of a live world: fake (the default), airflow, airflow+postgres, or the URL of one of your own",
    )
    command.add_argument(
        "--i-own-this",
        action="store_true",
        help="the server at that URL may be changed; without it, what would be done is told and nothing is",
    )


def add_hosts(command: argparse.ArgumentParser) -> None:
    """The option that says what the workers' hosts are in a live world."""
    command.add_argument(
        "--hosts",
        choices=HOSTS,
        default=HOSTS[0],
        help="of a live world: processes (the default), namespaces: each worker in a network of its own, or containers",
    )


def add_toxiproxy(command: argparse.ArgumentParser) -> None:
    """The option that says what byte-stream faults of a live world go through."""
    command.add_argument(
        "--toxiproxy",
        type=_server,
        default="",
        metavar="TOXIPROXY",
        help="of a live world: have Latency and Partition done by a Toxiproxy before the API: embedded, server (a"
        " toxiproxy-server that is started), container, or the URL of one that runs; without it the relays do it",
    )


def path(text: str) -> Path:
    """The path that the text names; none names the folder one is in by accident."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty: give a path, `.` for this folder")
    return Path(text)


def _server(text: str) -> str:
    if "@" in text:  # it would stand in the replay command
        raise argparse.ArgumentTypeError("leave the user out: credentials are read from the environment")
    return text


def _dag(commands: Any, later: Later) -> None:
    dag = commands.add_parser(
        "dag",
        help="print the Dag file of a plan, for a server of your own",
        description="Print the Dag file of a plan: one file, for the Dag folder of a server of your own.",
        epilog=_DAG_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    dag.add_argument("scenario", metavar="SCENARIO", help="as `harness run` takes it")
    dag.add_argument("--seed", type=int, help="as for the run")
    dag.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="as for the run"
    )
    dag.set_defaults(command=later("dag", "show"))


def _matrix(commands: Any, later: Later) -> None:
    matrix = commands.add_parser(
        "matrix",
        help="run real tasks with released Task SDKs against the fake API; or known bugs on the releases that have them",
        epilog="Exit codes: 0 all as it should be, 1 something differs, 3 a release could not be installed.",
        allow_abbrev=False,
    )
    which = matrix.add_mutually_exclusive_group()
    which.add_argument(
        "--bugs",
        nargs="*",
        metavar="ID",
        help="instead: known bugs, each on a release that has it and on one that has not, such as B03 (default: all)",
    )
    which.add_argument(
        "--sdk",
        nargs="+",
        default=[],
        metavar="VERSION",
        help="releases to run, such as 1.0.6 (default: those of ci/versions.toml)",
    )
    matrix.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="of --bugs: store the runs below this folder; those that are there already are not run again",
    )
    matrix.add_argument(
        "--jobs",
        type=search_options.positive,
        metavar="N",
        help="of --bugs: runs at once; they mostly wait (default: as many as there are cores)",
    )
    matrix.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    matrix.set_defaults(command=later("matrix", "matrix"))


def _conform(commands: Any, later: Later) -> None:
    conform = commands.add_parser(
        "conform",
        help="hold the fake API against a released server, any server, or recordings",
        description="Send the conformance suite to the fake and to another server, and tell what differs. Without "
        "--url and --recordings that server is a released one, which is installed and set up for it.",
        epilog="--url needs the server's secret in AIRFLOW__API_AUTH__JWT_SECRET; cases that need a seed run only "
        "where there is POST /admin/seed, as `harness serve --admin` has it. Exit codes: 0 no difference, "
        "1 differences, 3 nothing could be compared, 64 usage error.",
        allow_abbrev=False,
    )
    which = conform.add_mutually_exclusive_group()
    which.add_argument("--url", help="the server to compare with, such as http://127.0.0.1:8080")
    which.add_argument(
        "--recordings", type=path, metavar="DIR", help="a folder of recordings, or one of them"
    )
    which.add_argument("--release", default="3.3.2", help="of apache-airflow-core (default: 3.3.2)")
    conform.add_argument(
        "--database", choices=("sqlite", "postgres"), default="sqlite", help="below a released server"
    )
    conform.add_argument("--only", default="", metavar="TEXT", help="only the cases with this in their name")
    conform.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    conform.set_defaults(command=later("conforming", "conform"))


def _proxy(commands: Any, later: Later) -> None:
    proxy = commands.add_parser(
        "proxy",
        help="run the embedded Toxiproxy server alone",
        description="Run a Toxiproxy server until interrupted: the HTTP API of Toxiproxy 2.12, and its toxics.",
        allow_abbrev=False,
    )
    proxy.add_argument(
        "--config", type=path, metavar="FILE", help="proxies to begin with, as Toxiproxy's -config has them"
    )
    proxy.add_argument("--host", default="127.0.0.1", help="(default: 127.0.0.1)")
    proxy.add_argument("--port", type=int, default=8474, help="0 takes any free one (default: 8474)")
    proxy.add_argument(
        "--seed", type=int, default=1, help="what jitter, toxicity and the like are drawn from"
    )
    proxy.set_defaults(command=later("proxying", "proxy"))


def _airflow(commands: Any, later: Later) -> None:
    airflow = commands.add_parser(
        "airflow",
        help="run a released api-server alone, to put load on",
        description="Set up a released Airflow on loopback, with a database of its own, and run its api-server until "
        "interrupted: the Execution API, the Edge API, the public REST API. Beside it is POST /admin/seed, which "
        "queues tasks in bulk as a scheduler would; with --scheduler there is a real one instead.",
        allow_abbrev=False,
    )
    airflow.add_argument("--port", type=int, default=8080, help="0 takes any free one (default: 8080)")
    airflow.add_argument(
        "--database", choices=("sqlite", "postgres"), default="sqlite", help="(default: sqlite)"
    )
    airflow.add_argument("--workers", type=int, default=1, help="processes of the api-server (default: 1)")
    airflow.add_argument(
        "--scheduler", action="store_true", help="run a scheduler, and have the Dag load-runs"
    )
    airflow.set_defaults(command=later("airflow", "airflow"))


def _storm(commands: Any, later: Later) -> None:
    storm = commands.add_parser(
        "storm",
        help="apply a scenario's faults while a load test runs",
        description="Run a command that puts load on a server, such as `locust -f loadtests …`, through relays on which "
        "the nemesis applies the scenario's faults on links and calls; then judge what relays and task bodies saw. The "
        "command finds the relays, one for each worker of the scenario, in LOCUST_HOST.",
        epilog="The exit code is that of the verdict, or of the command where that is worse; that calls failed is no fault "
        "of a storm's.",
        allow_abbrev=False,
    )
    storm.add_argument("scenario", metavar="SCENARIO", help="as `harness run` takes it")
    storm.add_argument(
        "--load", required=True, metavar="COMMAND", help="what puts the load on: 'locust -f loadtests …'"
    )
    storm.add_argument("--upstream", required=True, metavar="URL", help="the server")
    storm.add_argument("--seed", type=int, help="as for a run")
    storm.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="as for a run"
    )
    storm.add_argument("--out", type=path, metavar="DIR", help="store the run here")
    storm.add_argument("--no-store", action="store_true", help="store nothing")
    storm.add_argument("--json", action="store_true", help="print one JSON object instead of the story")
    storm.set_defaults(command=later("storming", "storm"))


def _doctor(commands: Any, later: Later) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="tell what this machine can do, and how to get what is missing",
        description="Tell what this machine can do, and how to get what is missing. It takes seconds, changes nothing, "
        "asks the package index whether it is there and nobody else, and always ends with 0.",
        allow_abbrev=False,
    )
    doctor.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    doctor.set_defaults(command=later("doctoring", "doctor"))
