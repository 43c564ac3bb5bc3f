"""Locust in a process of its own, and a fake API for it: importing locust would patch this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BOUND = 180


@dataclass(frozen=True)
class Ended:
    """How a load test ended: its exit code, what it printed, and its results where it came that far."""

    code: int
    output: str
    results: dict[str, Any]

    @property
    def went_well(self) -> bool:
        """Whether nothing failed. On a machine too busy to say so the answer is unknown, and that is right too."""
        return not self.results["failures"] and (self.code == 0 or "generator was saturated" in self.output)


def locust(
    *arguments: str,
    host: str | None,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    bound: float = BOUND,
) -> Ended:
    """`locust -f loadtests --headless` with these arguments, to its end."""
    results = folder / "results.json"
    where = () if host is None else ("--host", host)
    command = [sys.executable, "-m", "locust", "-f", "loadtests", "--headless", "--only-summary", *where]
    done = subprocess.run(
        [*command, "--results", str(results), *arguments],
        cwd=ROOT,
        env={**clean(), **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=bound,
        check=False,
    )
    told = json.loads(results.read_text()) if results.exists() else {}
    return Ended(done.returncode, done.stdout, told)


@contextmanager
def served(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of a `harness serve` with these arguments, for as long as the block lasts."""
    with listening("-m", "harness", "serve", "--port", "0", *arguments, environ=environ) as url:
        yield url


@contextmanager
def listening(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL that a Python process with these arguments says it listens on, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**clean(), **(environ or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.split("listens on ")[1].split()[0]
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def clean() -> dict[str, str]:
    """The environment of here, without what sets Airflow or a load."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW__", "LOADTEST_"))
    }
