"""`harness storm`: a scenario's faults while a command puts load on a server, and what came of both."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from rich.console import Console

from harness import catalogue
from harness.cli.options import DEFAULT_SEED
from harness.cli.proxying import allow_many_files
from harness.cli.running import settings
from harness.errors import BadParameter, NotWritten
from harness.invariants import judge
from harness.model.history import History
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.model.verdict import EXIT_LIVENESS, EXIT_SAFETY, EXIT_UNKNOWN, EXIT_VALID
from harness.report import store, terminal
from harness.report.story import tell
from harness.report.summary import summarise


def storm(arguments: argparse.Namespace) -> int:
    """Run the command behind the scenario's faults, then judge."""
    from harness.live.storm import run_storm, storm_plan

    upstream = _address(arguments.upstream)
    command = _words(arguments.load)
    entry = catalogue.find(arguments.scenario)
    texts = settings(arguments.settings)
    seed = DEFAULT_SEED if arguments.seed is None else arguments.seed
    plan = storm_plan(
        make_plan(entry.build(**texts), seed, name=entry.name, parameters=texts, workers=Workers.SCRIPTED)
    )
    again = _again(arguments, seed)
    print(f"{plan.scenario}, seed {seed}, over {len(plan.workers)} relays\n{again}\n", flush=True)
    allow_many_files()
    environ = {} if os.environ.get("LOADTEST_ADMIN") else {"LOADTEST_ADMIN": arguments.upstream}
    with TemporaryDirectory(prefix="harness-storm-") as folder:
        stormed = asyncio.run(
            run_storm(plan, upstream=upstream, command=command, environ=environ, folder=Path(folder))
        )
    verdict = judge(stormed.history, stormed.plan)
    parts = (stormed.plan, stormed.history, verdict)
    story = tell(*parts, replay=again, world="live", wall_seconds=stormed.seconds)
    summary = summarise(*parts, replay=again, world="live", wall_seconds=stormed.seconds)
    code = _worst(verdict.exit_code, stormed.code)
    if not arguments.no_store:
        kept = store.reserve(stormed.plan, out=arguments.out)
        store.keep(kept, history=stormed.history, story=story, summary=summary)
        _plot(stormed.history, kept / "load.svg", title=f"{plan.scenario}, seed {seed}")
    if arguments.json:
        print(json.dumps(summary | {"load_exit_code": stormed.code}))
    else:
        terminal.show(story, console=Console(highlight=False))
        print(f"The load ended with {stormed.code} after {stormed.seconds:.0f} s: exit code {code}")
    if stormed.seconds < plan.until.total_seconds():
        sys.stdout.flush()
        print(f"harness: the plan lasts {plan.until}: give the load as long", file=sys.stderr)
    return code


def _plot(history: History, file: Path, *, title: str) -> None:
    try:
        from harness.report.load_plot import plot
    except ModuleNotFoundError:
        return  # the extra `report`
    try:
        plot(history, file, title=title)
    except OSError as error:
        raise NotWritten(f"{file} cannot be written: {error.strerror or error}") from None


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if parts.scheme != "http" or not parts.hostname or not port:
        raise BadParameter(f"--upstream {url}: give the http URL of a server, such as http://127.0.0.1:8080")
    return parts.hostname, port


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadParameter(f"--load {command!r}: {error}") from None
    if not words:
        raise BadParameter("--load is empty: give the command that puts the load on")
    return words


def _again(arguments: argparse.Namespace, seed: int) -> str:
    words = ["harness", "storm", arguments.scenario, "--seed", str(seed), "--upstream", arguments.upstream]
    for each in arguments.settings:
        words += ["--set", each]
    return shlex.join([*words, "--load", arguments.load])


def _worst(judged: int, load: int) -> int:
    """One exit code of two. Calls that fail are what a storm is for: a load that ended with 2 missed nothing else."""
    if EXIT_SAFETY in (judged, load):
        return EXIT_SAFETY
    if load not in (EXIT_VALID, EXIT_LIVENESS):
        return load if load > 0 else EXIT_UNKNOWN
    return judged
