"""The simulator proves itself: one seed, one history, whatever process runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.catalogue import entries
from harness.model.scenario import Workers

HASH_SEEDS = ("0", "1", "12345")


def _run_all(folder: Path, workers: Workers, hash_seed: str) -> dict[str, bytes]:
    mine = folder / hash_seed
    mine.mkdir()
    subprocess.run(
        [sys.executable, "-m", "tests.simulation.write_histories", str(mine), str(workers)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parents[2],
        check=True,
        timeout=600,
    )
    return {path.stem: path.read_bytes() for path in sorted(mine.iterdir())}


#: What runs a task of an edge worker is the supervisor too: with edge workers both are shown each time.
KINDS = [Workers.SCRIPTED, Workers.EDGE, pytest.param(Workers.SUPERVISED, marks=pytest.mark.nightly)]


@pytest.mark.timeout(900)  # ten scenarios three times; a busy machine needs minutes
@pytest.mark.parametrize("workers", KINDS)
def test_one_seed_gives_byte_identical_histories_in_three_processes(tmp_path: Path, workers: Workers) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        first, *others = pool.map(lambda hash_seed: _run_all(tmp_path, workers, hash_seed), HASH_SEEDS)
    assert first.keys() == {entry.name for entry in entries()}
    for other in others:
        assert other.keys() == first.keys()
        assert [name for name in first if other[name] != first[name]] == []
