"""The options of every command. What a command does is imported when it runs, so that `--help` is quick."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, NoReturn

from harness.cli import tool_options
from harness.errors import UsageError
from harness.model.history_checks import WORLDS
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["_Parser"]

DEFAULT_SEED = 1
_EPILOG = """\
exit codes:
  0 valid   1 safety violated   2 liveness missed   3 not exercised or unknown
  64 usage error   70 internal error   74 the output, or the run's folder, could not be written
  129 hung up   130 interrupted   141 whoever read the output went away   143 terminated
"""

_SERVE_EPILOG = """\
settings are read from the environment, under Airflow's names, and none is an argument:
  AIRFLOW__API_AUTH__JWT_SECRET                signs tokens; the same for every worker
  AIRFLOW__API_AUTH__JWT_PRIVATE_KEY_PATH      signs tokens of tasks instead: RSA or Ed25519, PEM
  AIRFLOW__API_AUTH__TRUSTED_JWKS_URL          the keys to trust: a file's path, or an http address
  AIRFLOW__API_AUTH__JWT_LEEWAY, __JWT_ISSUER, __JWT_ALGORITHM, __JWT_KID
  AIRFLOW__EXECUTION_API__JWT_AUDIENCE, __JWT_EXPIRATION_TIME
  AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT and other timeouts of [scheduler] and [edge]
  HARNESS_ADMIN_TOKEN                          what callers of /admin have to give as bearer token, if set
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, with `command`: a function that takes them. Raises UsageError."""
    parser = _Parser(
        prog="harness",
        description="Test and chaos-simulate Airflow 3 remote task execution.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"harness {_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_run, _replay, _list, _check, _serve):
        add(commands)
    tool_options.add(commands, _later)
    return parser.parse_args(argv)


class _Once(argparse._StoreAction):
    """An option that takes one value is given once: of two values, the first would silently be lost."""

    given = False  # a parser, and with it each action, is made for one command line

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        if option and self.given:
            raise argparse.ArgumentError(self, "given twice: give it once")
        self.given = True
        super().__call__(parser, namespace, values, option)


class _Parser(argparse.ArgumentParser):
    """argparse, with our exit code for usage errors instead of its own 2, and each option once."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name in (None, "store"):
            self.register("action", name, _Once)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")


def _version() -> str:
    try:
        return metadata.version("airflow-remote-harness")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _later(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    def command(arguments: argparse.Namespace) -> int:
        code: int = getattr(importlib.import_module(f"harness.cli.{module}"), function)(arguments)
        return code

    return command


def _run(commands: Commands) -> None:
    run = commands.add_parser("run", help="run a scenario and judge it", allow_abbrev=False)
    run.add_argument(
        "scenario", metavar="SCENARIO", help="a name that `harness list` shows, or FILE.py::NAME"
    )
    run.add_argument("--seed", type=int, help=f"of every random decision (default: {DEFAULT_SEED})")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="a parameter of the scenario; repeatable",
    )
    run.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        dest="airflow_options",
        help="an option of Airflow, for server and workers; repeatable (`harness list --options` shows all)",
    )
    run.add_argument(
        "--workers", choices=[str(kind) for kind in Workers], help="which code plays the workers"
    )
    run.add_argument(
        "--tls",
        choices=[str(tls) for tls in Tls],
        help="whether workers talk https to the API, and with certificates of their own (default: the scenario's)",
    )
    run.add_argument("--no-store", action="store_true", help="write no folder")
    _common(run)
    run.set_defaults(command=_later("running", "run"))


def _replay(commands: Commands) -> None:
    replay = commands.add_parser("replay", help="run a stored plan again", allow_abbrev=False)
    replay.add_argument(
        "plan", type=tool_options.path, metavar="PLAN", help="a plan.json, or the run's folder"
    )
    replay.add_argument(
        "--edited", action="store_true", help="the plan was changed by hand, and that is meant"
    )
    _common(replay)
    replay.set_defaults(command=_later("running", "replay"))


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--world", choices=WORLDS, default="sim", help="where it runs (default: sim)")
    tool_options.add_server(command)
    tool_options.add_hosts(command)
    tool_options.add_toxiproxy(command)
    command.add_argument("--json", action="store_true", help="print one JSON object instead of the story")
    command.add_argument(
        "--control",
        action="store_true",
        help="run the plan without its faults too, and tell what they changed",
    )
    command.add_argument(
        "--out",
        type=tool_options.path,
        metavar="DIR",
        help="store the run there; absent, empty, or left by an interrupted run of the same plan",
    )


def _list(commands: Commands) -> None:
    listing = commands.add_parser(
        "list", help="show the scenarios, faults, invariants or options", allow_abbrev=False
    )
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--faults", action="store_true", help="the kinds of faults and their fields")
    which.add_argument("--invariants", action="store_true", help="the promises a run is judged by")
    which.add_argument(
        "--mutants", action="store_true", help="the wrong systems that the promises must catch"
    )
    which.add_argument("--options", action="store_true", help="the options of Airflow that a run can set")
    listing.set_defaults(command=_later("listing", "show"))


def _check(commands: Commands) -> None:
    check = commands.add_parser("check", help="judge a stored history again", allow_abbrev=False)
    check.add_argument(
        "path", type=tool_options.path, metavar="RUN", help="a run's folder, or its history.jsonl"
    )
    check.add_argument(
        "--edited", action="store_true", help="plan or history were changed by hand, and that is meant"
    )
    check.add_argument("--json", action="store_true", help="print one JSON object instead of the story")
    check.set_defaults(command=_later("running", "check"))


def _serve(commands: Commands) -> None:
    serve = commands.add_parser(
        "serve",
        help="run the fake API alone",
        description="Run the fake Execution API and Edge API alone, with the sweeps of a scheduler, until interrupted.",
        epilog=_SERVE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.add_argument("--host", default="127.0.0.1", help="(default: 127.0.0.1)")
    serve.add_argument("--port", type=int, default=8080, help="0 takes any free one (default: 8080)")
    serve.add_argument(
        "--state",
        type=tool_options.path,
        metavar="FILE",
        help="keep the state in this SQLite file; without it, it is in memory and gone in the end",
    )
    serve.add_argument(
        "--audit",
        type=tool_options.path,
        metavar="FILE",
        help="append each decision about a token, as JSON lines",
    )
    serve.add_argument(
        "--admin", action="store_true", help="offer POST /admin/seed, GET /admin/state and GET /admin/audit"
    )
    _tls(serve)
    serve.set_defaults(command=_later("serving", "serve"))


def _tls(serve: argparse.ArgumentParser) -> None:
    path = tool_options.path
    serve.add_argument(
        "--tls", type=path, metavar="DIR", help="over TLS, with a test CA; what clients need is written there"
    )
    serve.add_argument(
        "--mutual", action="store_true", help="with --tls: clients have to show a certificate of that CA"
    )
    serve.add_argument(
        "--certificate", type=path, metavar="FILE", help="over TLS, with this certificate, as PEM"
    )
    serve.add_argument("--key", type=path, metavar="FILE", help="its key (default: in the same file)")
    serve.add_argument(
        "--client-ca", type=path, metavar="FILE", help="clients have to show a certificate of this CA"
    )
