"""`harness run`, `replay` and `check`: from a plan to a story and an exit code."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from harness import catalogue
from harness.cli.ending import say_aside
from harness.cli.options import DEFAULT_SEED
from harness.errors import BadParameter, UsageError
from harness.invariants import judge, named
from harness.model.plan import Plan
from harness.model.plan_file import read_plan
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.report import store, terminal
from harness.report.control import as_json, control_of, measures
from harness.report.stored import load, plan_file
from harness.report.story import tell
from harness.report.summary import summarise

if TYPE_CHECKING:
    from harness.runner import Run


def run(arguments: argparse.Namespace) -> int:
    """Run a scenario of the catalogue or of a file."""
    if arguments.no_store and arguments.out:
        raise BadParameter("--no-store and --out contradict each other: give one of them")
    entry = catalogue.find(arguments.scenario)
    texts = settings(arguments.settings)
    seed = DEFAULT_SEED if arguments.seed is None else arguments.seed
    kind = Workers(arguments.workers) if arguments.workers else None
    options = settings(arguments.airflow_options, given="--option")
    tls = Tls(arguments.tls) if arguments.tls else None
    scenario = entry.build(**texts)
    plan = make_plan(
        scenario, seed, name=entry.name, parameters=texts, workers=kind, options=options, tls=tls
    )
    again = run_command(
        plan, scenario=arguments.scenario, workers=kind, options=options, tls=tls, where=_where(arguments)
    )
    note = " (the default: --seed N draws another run)" if arguments.seed is None else ""
    folder = None if arguments.no_store else _reserve(plan, arguments.out)
    return _go(
        plan, arguments, folder=folder, replay=_replay_of(folder, _where(arguments)) or again, note=note
    )


def replay(arguments: argparse.Namespace) -> int:
    """Run a stored plan again; it is stored only where `--out` says."""
    file = plan_file(arguments.plan)
    plan = read_plan(file, edited=arguments.edited)
    folder = _reserve(plan, arguments.out) if arguments.out else None
    again = replay_command(file, where=_where(arguments), edited=arguments.edited)
    return _go(plan, arguments, folder=folder, replay=_replay_of(folder, _where(arguments)) or again, note="")


def check(arguments: argparse.Namespace) -> int:
    """Judge a stored history again, without running anything."""
    stored = load(arguments.path, edited=arguments.edited)
    verdict = judge(stored.history, stored.plan)
    world = str(stored.history.header.get("world", "sim"))
    again = replay_command(stored.folder / store.PLAN, where=where(world), edited=arguments.edited)
    summary = summarise(stored.plan, stored.history, verdict, replay=again, world=world)
    if arguments.json:
        _print_json(summary)
    else:
        story = tell(stored.plan, stored.history, verdict, replay=again, world=world)
        terminal.show(story, console=Console(highlight=False))
    if differences := stored.differences(summary):
        say_aside(
            f"harness: {stored.folder / store.VERDICT} says otherwise: {'; '.join(differences)};"
            " it was edited, or another release wrote it"
        )
    return verdict.exit_code


def settings(texts: Sequence[str], *, given: str = "--set") -> dict[str, str]:
    """`["lasting=2m"]` as `{"lasting": "2m"}`; dashes in names are taken as underscores."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise BadParameter(f"{given} {text}: write it as NAME=VALUE")
        if name in found:
            raise BadParameter(f"{given} {name} is given twice: give it once")
        found[name] = value
    return found


def run_command(
    plan: Plan,
    *,
    scenario: str | None = None,
    workers: Workers | None = None,
    options: Mapping[str, str] | None = None,
    tls: Tls | None = None,
    where: Sequence[str] = (),
) -> str:
    """The command that makes the same plan again; `scenario` is what it was called, be it in a file."""
    words = ["harness", "run", scenario or plan.scenario, "--seed", str(plan.seed)]
    for name, value in plan.parameters.items():
        words += ["--set", f"{name}={value}"]
    for name, value in (options or {}).items():
        words += ["--option", f"{name}={value}"]
    words += ["--workers", str(workers)] if workers else []
    words += ["--tls", str(tls)] if tls else []
    return shlex.join([*words, *where])


def replay_command(file: Path, *, where: Sequence[str] = (), edited: bool = False) -> str:
    """The command that runs a stored plan again."""
    words = ["harness", "replay", str(file)]
    words += ["--edited"] if edited else []
    return shlex.join([*words, *where])


def where(world: str, server: str = "fake", hosts: str = "processes", toxiproxy: str = "") -> list[str]:
    """The options that say where a run takes place, as far as they are not the defaults."""
    chosen = (
        ("--world", world, "sim"),
        ("--server", server, "fake"),
        ("--hosts", hosts, "processes"),
        ("--toxiproxy", toxiproxy, ""),
    )
    return [word for name, value, default in chosen if value != default for word in (name, value)]


def _where(arguments: argparse.Namespace) -> list[str]:
    return where(arguments.world, arguments.server, arguments.hosts, arguments.toxiproxy)


def _replay_of(folder: Path | None, where: Sequence[str]) -> str | None:
    return None if folder is None else replay_command(folder / store.PLAN, where=where)


def _reserve(plan: Plan, out: Path | None) -> Path:
    named(plan)  # a misspelt invariant should not wait for the end of the run
    return store.reserve(plan, out=out)


def _go(plan: Plan, arguments: argparse.Namespace, *, folder: Path | None, replay: str, note: str) -> int:
    """Run the plan; the seed and the replay command are told before anything can go wrong."""
    begun = False
    try:
        _announce(f"{plan.scenario}, seed {plan.seed}{note}\n{replay}\n", on_stderr=arguments.json)
        begun = True
        run = _run_plan(plan, arguments)
        control = _run_plan(control_of(plan), arguments) if arguments.control else None
    except (UsageError, OSError) as error:
        if folder and (isinstance(error, UsageError) or not begun):
            store.release(folder)
        raise
    story, summary = render(run, replay=replay, control=control)
    try:
        if folder:
            store.keep(folder, history=run.history, story=story, summary=summary)
            if arguments.out is None:
                store.point_latest(folder)
    finally:  # what became of the run is told, whether it could be stored or not
        if arguments.json:
            _print_json(summary)
        else:
            terminal.show(story, console=Console(highlight=False))
    return run.verdict.exit_code


def _announce(text: str, *, on_stderr: bool) -> None:
    if on_stderr:
        say_aside(text)
    else:
        print(text, flush=True)


def _run_plan(plan: Plan, arguments: argparse.Namespace) -> Run:
    from harness.runner import run_plan

    named(plan)
    with terminal.progress(plan, console=Console(quiet=arguments.json)) as progress:
        return run_plan(
            plan,
            world=arguments.world,
            server=arguments.server,
            i_own_this=arguments.i_own_this,
            hosts=arguments.hosts,
            toxiproxy=arguments.toxiproxy,
            progress=progress,
        )


def render(run: Run, *, replay: str, control: Run | None = None) -> tuple[str, dict[str, Any]]:
    """The story and the summary of a run; with its control, also what its faults changed."""
    parts = (run.plan, run.history, run.verdict)
    quiet = control.history if control else None
    story = tell(*parts, replay=replay, world=run.world, wall_seconds=run.wall_seconds, control=quiet)
    summary = summarise(*parts, replay=replay, world=run.world, wall_seconds=run.wall_seconds)
    if control:
        summary["control"] = {
            "verdict": str(control.verdict.answer),
            **as_json(measures(run.history, control.history, run.plan)),
        }
    return story, summary


def _print_json(summary: dict[str, Any]) -> None:
    print(json.dumps(summary))
