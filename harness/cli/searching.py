"""`harness exhaust` and `harness swarm`."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from harness import catalogue, search
from harness.cli.ending import say_aside
from harness.cli.running import settings
from harness.errors import BadParameter
from harness.model.codec import to_json
from harness.model.faults import FAULTS
from harness.model.names import no_such
from harness.model.planning import make_plan
from harness.model.scenario import Scenario, Workers
from harness.model.tls_faults import Tls
from harness.model.verdict import EXIT_INTERNAL, EXIT_LIVENESS, EXIT_SAFETY, EXIT_UNKNOWN, EXIT_VALID
from harness.report.store import RUNS
from harness.search import Means, Record, matrix
from harness.search.journal import header, read
from harness.search.kinds import Span
from harness.search.searching import failures, groups_as_text

_WORST = (EXIT_SAFETY, EXIT_LIVENESS, EXIT_INTERNAL, EXIT_UNKNOWN)
PAUSE = 5.0
"""Seconds between two lines of progress."""


def exhaust(arguments: argparse.Namespace) -> int:
    """Run the matrix and print it, or compare two."""
    if arguments.compare:
        return _compare(*arguments.compare)
    if arguments.scenario is None:
        raise BadParameter("which scenario? Give a name that `harness list` shows, or --compare A B")
    entry, texts = catalogue.find(arguments.scenario), settings(arguments.settings)
    options = settings(arguments.airflow_options, given="--option")
    kind = Workers(arguments.workers) if arguments.workers else None
    scenario = search.small(entry.build(**texts))
    quiet = make_plan(
        scenario, arguments.seed, name=entry.name, parameters=texts, workers=kind, options=options
    )
    spans = [Span(each) for each in arguments.spans or (["once"] if arguments.pairs else list(Span))]
    chosen = search.cells(
        search.quiet_moments(quiet),
        calls=arguments.calls,
        faults=arguments.faults,
        spans=spans,
        pairs=arguments.pairs,
    )
    if not chosen:
        raise BadParameter(
            f"no cell fits --calls {arguments.calls!r} and --faults {arguments.faults!r}: give wider patterns"
        )
    folder = arguments.out or RUNS / _named("exhaust", [entry.name, quiet.workers[0].kind])
    with _means(arguments, [arguments.scenario], folder, f"of {len(chosen)} cells") as means:
        records = search.exhaust(quiet, chosen, folder=folder, means=means)
    if arguments.json:
        first, _ = read(folder)
        print(json.dumps(matrix.as_json(first, records), ensure_ascii=False))
    else:
        print(
            "\n".join([*matrix.as_text(records), "", *groups_as_text(records, folder), _summed_up(records)])
        )
    return _worst(records)


def swarm(arguments: argparse.Namespace) -> int:
    """Run the storms and print what failed."""
    found = {catalogue.find(name).name: catalogue.find(name) for name in arguments.scenarios}
    only = "" if arguments.faults == "*" else arguments.faults
    folder = arguments.out or RUNS / _named(
        "swarm", [*found, arguments.workers or "", only, arguments.tls or ""]
    )
    kinds = tuple(kind for kind in FAULTS if fnmatchcase(kind.__name__, arguments.faults))
    if not kinds:
        raise BadParameter(no_such("kind of fault", arguments.faults, [kind.__name__ for kind in FAULTS]))
    with _means(arguments, arguments.scenarios, folder, "plans") as means:
        records = search.swarm(
            {name: _over(entry.build(), arguments.tls) for name, entry in found.items()},
            seeds=arguments.seeds,
            seconds=arguments.time and arguments.time.total_seconds(),
            folder=folder,
            means=means,
            workers=Workers(arguments.workers) if arguments.workers else None,
            kinds=kinds,
        )
    if arguments.json:
        print(json.dumps(_swarm_as_json(records), ensure_ascii=False))
    else:
        print("\n".join([*groups_as_text(records, folder), _summed_up(records)]))
    return _worst(records)


def _over(scenario: Scenario, tls: str | None) -> Scenario:
    return replace(scenario, tls=Tls(tls)) if tls else scenario


def _swarm_as_json(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "releases": header("swarm")["releases"],
        "plans": len(records),
        "behaviours": len({each for record in records for each in record.new}),
        "failures": [
            {
                "signature": signature,
                "plans": [record.key for record in group],
                "kept": next((record.kept for record in group if record.kept), None),
                **to_json(group[0].outcome),
            }
            for signature, group in failures(records).items()
        ],
    }


def _compare(first: Path, second: Path) -> int:
    (_, before), (_, after) = read(first), read(second)
    different = list(matrix.compare(before, after))
    print("\n".join([*different, f"{len(different)} cells differ"]))
    return 1 if different else 0


def _named(command: str, words: Sequence[str]) -> str:
    return "-".join([command, *(re.sub(r"[^\w.-]+", "-", word) for word in words if word)])


@contextlib.contextmanager
def pool_of(arguments: argparse.Namespace, scenarios: Sequence[str] = ()) -> Iterator[tuple[Executor, int]]:
    """What the plans run on, by --dask and --jobs, and how many of them at once."""
    if arguments.dask is None:
        with search.executor(arguments.jobs, scenarios=scenarios) as pool:
            yield pool, arguments.jobs
    else:
        with search.cluster(arguments.dask, scenarios=scenarios) as cluster:
            yield cast("Executor", cluster), cluster.cores


@contextlib.contextmanager
def _means(arguments: argparse.Namespace, scenarios: Sequence[str], folder: Path, of: str) -> Iterator[Means]:
    """The pool and the progress; when the search is broken off, how it goes on is told."""
    try:
        with pool_of(arguments, scenarios) as (pool, jobs):
            yield Means(pool=pool, at_once=2 * jobs - 1, tell=_progress(of))
    except KeyboardInterrupt:
        say_aside(f"harness: what was found is in {folder}: the same command goes on from there")
        raise


def _progress(of: str) -> Callable[[Sequence[Record]], None]:
    begun = told = time.perf_counter()
    ours = 0

    def tell(records: Sequence[Record]) -> None:
        nonlocal told, ours
        ours += 1
        now = time.perf_counter()
        if now - told < PAUSE:
            return
        told = now
        groups = failures(records)
        seen = sum(len(record.new) for record in records)
        print(
            f"harness: {len(records)} {of}, {ours / (now - begun):.1f} a second;"
            f" {sum(map(len, groups.values()))} failed in {len(groups)} ways; {seen} behaviours seen",
            file=sys.stderr,
            flush=True,
        )

    return tell


def _summed_up(records: Sequence[Record]) -> str:
    states: dict[str, int] = {}
    for record in records:
        states[record.outcome.state] = states.get(record.outcome.state, 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items(), key=lambda each: -each[1]))
    seconds = sum(record.outcome.seconds for record in records)
    seen = sum(len(record.new) for record in records)
    return f"{len(records)} plans: {told or 'none'}; {seen} behaviours seen; {seconds:.0f} s of work"


def _worst(records: Sequence[Record]) -> int:
    codes = {record.outcome.exit_code for record in records}
    return next((code for code in _WORST if code in codes), EXIT_VALID if records else EXIT_UNKNOWN)
