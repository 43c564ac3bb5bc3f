"""`harness capacity`: how much a control plane carries, or how two such runs differ."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.ending import say_aside
from harness.cli.running import settings
from harness.errors import BadParameter, NotStarted, NotWritten
from harness.model.options import Option, environment, wrong_options
from harness.report.store import RUNS

if TYPE_CHECKING:
    from harness.capacity.knee import Search
    from harness.capacity.measuring import Bench, Capacity, Model, Series
    from harness.capacity.step import Setting, Step
    from harness.capacity.target import Target


def capacity(arguments: argparse.Namespace) -> int:
    """Measure, or compare two measurements."""
    if arguments.compare:
        return _compare(*arguments.compare)
    from harness.capacity import files, telling
    from harness.model.codec import to_json

    setting, target = _setting(arguments), _target(arguments)
    folder = files.new_folder(arguments.out or _free_folder(arguments.server))
    with target as server:
        found = _measure(arguments, setting, server, folder)
    try:
        files.keep(found, folder)
    finally:  # what was measured is told, whether it could be stored or not
        print(json.dumps(to_json(found)) if arguments.json else _told(found, folder))
    return telling.exit_code(found, at_least=arguments.at_least)


def _told(found: Capacity, folder: Path) -> str:
    from harness.capacity import files, telling

    lines = [telling.story(found), f"\nFiles       {folder}"]
    if not files.can_plot():
        lines.append("            without a plot: that needs the extra `report`")
    return "\n".join(lines)


def _compare(first: Path, second: Path) -> int:
    from harness.capacity import files

    different = files.differences(files.load(first), files.load(second))
    print("\n".join(different) or "no difference: no step of one is in the other, and the knees are the same")
    return 0


def _free_folder(server: str) -> Path:
    name = "capacity-" + "".join(letter if letter.isalnum() else "-" for letter in server)
    taken = (RUNS / f"{name}{f'-{number}' if number > 1 else ''}" for number in range(1, 10_000))
    return next(folder for folder in taken if not folder.exists())


def _measure(arguments: argparse.Namespace, setting: Setting, target: Target, folder: Path) -> Capacity:
    from harness.capacity.bottleneck import Hardware
    from harness.capacity.knee import Search
    from harness.capacity.levels import ServiceLevels
    from harness.capacity.measuring import Bench, Capacity, find_knee
    from harness.search.journal import header

    if arguments.model and "server" not in target.roles:
        raise BadParameter(
            f"--model needs the CPU of the server, and no process of {target.url} can be watched here"
        )
    levels = ServiceLevels(p99=arguments.p99.total_seconds())
    whole = setting.load in ("workers", "idle-workers")
    search = Search(start=arguments.start, most=arguments.most, repeats=arguments.repeats, whole=whole)
    say_aside(f"harness: load on {target.url}; the files are in {folder}")
    hardware = Hardware(
        cores=os.cpu_count() or 1,
        server_processes=target.processes,
        generators=arguments.generators,
        connections=target.connections,
    )
    bench = Bench(target=target, levels=levels, hardware=hardware, folder=folder, tell=_tell)
    series = find_knee(bench, setting, search)
    model = None
    if arguments.model and not series.broken_off:
        try:
            model = _model(bench, series, search)
        except (NotStarted, NotWritten) as error:  # the knee was found
            series = replace(series, broken_off=str(error))
    return Capacity(
        target=target.name,
        hardware=hardware,
        levels=levels,
        series=series,
        model=model,
        releases=header("capacity")["releases"],
    )


def _model(bench: Bench, series: Series, search: Search) -> Model:
    from harness.capacity.measuring import find_costs, other_settings, predict

    model = find_costs(bench, series)
    predictions = [
        predict(bench, model, setting, search, name=name)
        for name, setting in other_settings(series.setting).items()
    ]
    return replace(model, predictions=tuple(predictions))


def _setting(arguments: argparse.Namespace) -> Setting:
    from harness.capacity.locusts import INTERVALS
    from harness.capacity.step import Load, Setting

    environ = {**os.environ, **_airflow_options(arguments)}
    intervals = {
        name: _seconds(option, environ[option.variable])
        for name, option in INTERVALS.items()
        if option.variable in environ
    }
    load = Load(arguments.load)
    if arguments.model and load is not Load.WORKERS:
        raise BadParameter("--model tells how many workers a server carries: take --load workers")
    return Setting(
        load=load,
        slots=arguments.slots,
        task_seconds=arguments.task_seconds,
        time_scale=arguments.time_scale,
        seconds=arguments.step.total_seconds(),
        generators=arguments.generators,
        seed=arguments.seed,
        **intervals,
    )


def _seconds(option: Option, text: str) -> float:
    if wrong := option.wrong(text):
        raise BadParameter(f"{option.variable}: {wrong}")
    return float(text)


def _airflow_options(arguments: argparse.Namespace) -> dict[str, str]:
    """The variables that `--option` sets."""
    given = settings(arguments.airflow_options, given="--option")
    if wrong := list(wrong_options(given)):
        raise BadParameter("; ".join(wrong))
    return environment(given)


def _target(arguments: argparse.Namespace) -> AbstractContextManager[Target]:
    from harness.capacity import target

    options = _airflow_options(arguments)
    kind, plus, database = arguments.server.partition("+")
    if "://" in arguments.server:
        return target.attached(arguments.server, options)
    if arguments.server == "fake":
        return target.fake(options)
    if kind == "airflow" and (not plus or database == "postgres"):
        return target.airflow(options, database=database or "sqlite", processes=arguments.server_processes)
    raise BadParameter(
        f"there is no server {arguments.server!r}: give fake, airflow, airflow+postgres, or the URL of one that runs"
    )


def _tell(setting: Setting, step: Step) -> None:
    from harness.capacity.telling import line_of

    print(line_of(setting, step), file=sys.stderr, flush=True)
