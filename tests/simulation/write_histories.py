"""Run every scenario with one kind of worker and write each History into a folder: `… FOLDER KIND [SEED]`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from harness.catalogue import entries
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan
from harness.units import minutes

SMALLER, CALM = {"workers": "3", "tasks": "15"}, minutes(5)
"""So that all of it, with each kind of worker three times, takes a minute and not three."""


def write_histories(folder: Path, *, workers: Workers, seed: int) -> None:
    for entry in entries():
        smaller = {name: text for name, text in SMALLER.items() if name in entry.parameters}
        scenario = entry.build(**smaller)
        shorter = replace(scenario, settle=min(scenario.settle, CALM))
        plan = make_plan(shorter, seed, name=entry.name, workers=workers)
        run_plan(plan).history.write(folder / f"{entry.name}.jsonl")


if __name__ == "__main__":
    folder, kind, *rest = sys.argv[1:]
    write_histories(Path(folder), workers=Workers(kind), seed=int(rest[0]) if rest else 1)
