"""Run every scenario with every kind of worker and write each History into a folder: `… FOLDER [SEED]`."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.catalogue import entries
from harness.model.planning import make_plan
from harness.model.scenario import Workers
from harness.runner import run_plan

SMALLER = {"workers": "3", "tasks": "15"}
"""So that all of it, three times, takes a minute and not three."""


def write_histories(folder: Path, *, seed: int) -> None:
    for entry in entries():
        smaller = {name: text for name, text in SMALLER.items() if name in entry.parameters}
        for workers in Workers:
            plan = make_plan(entry.build(**smaller), seed, name=entry.name, workers=workers)
            run_plan(plan).history.write(folder / f"{entry.name}-{workers}.jsonl")


if __name__ == "__main__":
    write_histories(Path(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1)
